"""All that needs IPython or ipywidgets."""
