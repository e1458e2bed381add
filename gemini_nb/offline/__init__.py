"""The provider that needs no key and no network: it paints what the prompt says, as far as it can.

    request → job → provider → transport, server   a request's body, its reply, and the two ways to reach it
    responses, replies                             HTTP responses, and the JSON in them, whole or streamed
    faults                                         what can be made to go wrong
    http_server                                    connections, keys, broken deliveries
    painter/                                       prompt → picture; paint.py has the rest of that folder

Imported where a provider is chosen and nowhere else.
"""
