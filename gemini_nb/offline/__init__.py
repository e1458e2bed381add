"""The provider that needs no key and no network: it paints what the prompt says, as far as it can.

    order → provider → embedded, server     a request's body, its answer, and the two ways to reach it
    gallery                                 the pictures that replies link to
    painter                                 prompt → picture; its docstring has the rest of the folder

Imported where a provider is chosen and nowhere else.
"""
