"""Values of `Content-Encoding` that encode nothing, as servers send them."""

from __future__ import annotations

NOTHING = [
    *("", "identity", "Identity", "identity, identity", "none", "None", "null", "utf-8", "UTF-8", "utf8"),
    *(
        "binary",
        "8bit",
        "base64",
        "aws-chunked",
        "aws-chunked,",
        "chunked",
        "plain",
        "raw",
        "application/json",
    ),
    *("image/png", "charset=utf-8", "iso-8859-1", "rot13", "*", ",", "identity;q=1", "gzip-not", "undefined"),
]
