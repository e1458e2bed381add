"""An installed Chromium, its flags, and axe-core, which knows what hinders people who cannot see a page."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip

# What axe finds in [places] of a page, or in all of it, by [which] of its rules: those of colours take most
# of the time, and are all that a theme can break.
RUN_AXE = """async ([which, places]) => {
  const colour = axe.getRules(['cat.color']).filter(rule => !rule.tags.includes('wcag2aaa'))
    .map(rule => rule.ruleId);
  const options = {resultTypes: ['violations']};
  if (which === 'colour') options.runOnly = {type: 'rule', values: colour};
  if (which === 'others') options.rules = Object.fromEntries(colour.map(id => [id, {enabled: false}]));
  const where = places.length ? {include: places.map(place => [place])} : document;
  const {violations} = await axe.run(where, options);
  axe.setup();
  const isSeen = axe.commons.dom.isVisibleOnScreen(document.querySelector(places[0] ?? 'body'));
  axe.teardown();
  if (!isSeen) return ['axe takes it for hidden, and looks at nothing'];
  return violations.map(({id, nodes}) => `${id}: ${nodes.map(node => node.html.slice(0, 160)).join(' | ')}`);
}"""


def fetch_axe() -> str | None:
    """The source of axe-core, from npm, or None where it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                ["npm", "pack", "axe-core@4", "--silent"],
                cwd=folder,
                capture_output=True,
                timeout=60,
                check=True,
            )
            archive = done.stdout.decode().split()[-1]
            subprocess.run(["tar", "xzf", archive, "package/axe.min.js"], cwd=folder, check=True)
        except (OSError, subprocess.SubprocessError, IndexError):
            return None
        return Path(folder, "package", "axe.min.js").read_text(encoding="utf-8")
