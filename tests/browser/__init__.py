"""A package, so that a browser and a server can last as long as its files follow one another."""
