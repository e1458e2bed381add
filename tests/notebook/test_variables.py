"""Input images that `-i` names: variables of any kind, files and links."""

from __future__ import annotations

import pytest

from support.images import noise_png

PNG = noise_png(3000)


def test_a_variable_and_a_file_are_input_images(shell, gateway, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    shell.names["photo"] = PNG
    shell.run(f"%%gemini_image -i photo -i {tmp_path}/a.png\nmix them")
    parts = gateway.requests[0].json["contents"][0]["parts"]
    assert [part.get("inlineData", {}).get("mimeType") for part in parts] == [None, "image/png", "image/png"]


SOURCES = {
    "PIL": "from PIL import Image; x = Image.new('RGB', (4, 4))",
    "NumPy bytes": "import numpy; x = numpy.zeros((4, 4, 3), 'uint8')",
    "NumPy floats": "import numpy; x = numpy.full((4, 4), 0.5)",
    "Matplotlib": "from matplotlib.figure import Figure; x = Figure(figsize=(1, 1))",
    "bytes": "x = PNG",
    "picture": "x = made.image",
    "result": "x = made",
    "path": "from pathlib import Path; x = Path('a.png')",
    "name of a file": "x = 'a.png'",
    "link": "x = link",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_variable_of_any_kind_is_an_input_image(shell, gateway, tmp_path, kind):
    (tmp_path / "a.png").write_bytes(PNG)
    gateway.files["/a.png"] = (PNG, "image/png")
    shell.names.update(PNG=PNG, made=shell.run("%gemini_image a cat").result, link=f"{gateway.url}/a.png")
    assert shell.run(SOURCES[kind]).error is None
    assert shell.run("%%gemini_image -i x\nmore of it").error is None
    parts = [request for request in gateway.requests if request.method == "POST"][1].json["contents"][0][
        "parts"
    ]
    assert [part.get("inlineData", {}).get("mimeType") for part in parts] == [None, "image/png"]


def test_the_last_result_is_an_input_image_by_its_underscore(shell, gateway):
    shell.run("%%gemini_image\na cat")
    assert shell.run("%%gemini_image -i _\nat night").error is None
    assert len(gateway.requests[1].json["contents"][0]["parts"]) == 2


def test_a_batch_is_all_of_its_pictures(shell, gateway):
    shell.run("%%gemini_image both -n 2\na cat")
    shell.run("%%gemini_image -i both\nmix them")
    assert len(gateway.requests[2].json["contents"][0]["parts"]) == 3


def test_a_name_that_is_a_variable_and_a_file_is_the_variable_and_that_is_said(shell, gateway, tmp_path):
    (tmp_path / "photo").write_bytes(b"no picture")
    shell.names["photo"] = PNG
    done = shell.run("%%gemini_image -i photo\nx")
    assert done.error is None
    assert "write ./photo for the file" in done.stdout
    assert "is not a PNG" in str(shell.run("%%gemini_image -i ./photo\nx").error)


BAD_SOURCES = {
    "text file": ("-i a.txt", "is not a PNG"),
    "folder": ("-i folder", "Is a directory"),
    "number": ("-i n", "-i n: An int cannot be an input image"),
    "empty underscore": ("-i none", "-i none: None cannot be"),
    "NaN": ("-i nan", "without NaN"),
    "shape": ("-i flat", "height × width"),
    "NUL": ("-i a\0b", "no variable and no file"),
    "long": (f"-i {'x' * 5000}", "no variable and no file"),
    "private link": ("-i https://127.0.0.1:1/a.png", "could not be fetched"),
    "no link": ("-i http://public.invalid/a.png", "could not be fetched"),
    "too many for the model": ("-m nano-banana -i four", "takes at most 3 input images, not 4"),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_input_image_is_said_before_any_request(shell, gateway, tmp_path, case):
    import numpy as np

    options, message = BAD_SOURCES[case]
    (tmp_path / "a.txt").write_text("no picture")
    (tmp_path / "folder").mkdir()
    shell.names.update(n=7, none=None, nan=np.full((4, 4), np.nan), flat=np.zeros(9), four=[PNG] * 4)
    done = shell.run(f"%%gemini_image {options}\nx")
    assert message in str(done.error)
    assert len(str(done.error)) < 600
    assert gateway.posts == 0
