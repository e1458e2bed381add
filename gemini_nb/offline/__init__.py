"""The provider that needs no key and no network: it paints what the prompt says, as far as it can.

    provider ─ order      a request's body → what it orders; the answer in the model's shape
    embedded, server      the same inside the process and over loopback HTTP
    painter               prompt → picture

Imported where a provider is chosen and nowhere else.
"""
