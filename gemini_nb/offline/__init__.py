"""The provider that needs no key and no network: it paints what the prompt says, as far as it can.

    order → job → provider → embedded, server   a request's body, its answer, and the two ways to reach it
    answer, reply, stream                       what an answer is, and the forms that it goes out in
    faults                                      what can go wrong on purpose
    keys, listener, sending                     what only a network has
    gallery                                     the pictures that replies link to
    painter                                     prompt → picture; its docstring has the rest of the folder

Imported where a provider is chosen and nowhere else.
"""
