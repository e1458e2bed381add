"""Help pages of the commands, printed below their options: examples, variables, exit codes."""

from __future__ import annotations

_EXIT_CODES = """\
exit codes:
  0    done
  1    it failed, or a value is not valid; stderr says why and what to do next
  2    an option is unknown or missing; nothing was sent
  130  interrupted with Ctrl-C
"""

_KEY = """\
Keys are never passed as arguments: set CRAZYROUTER_API_KEY, or with --provider
google GEMINI_API_KEY or GOOGLE_API_KEY. Where none is set, one is used that
`%gemini key --keep` put into the keyring. --provider offline needs no key.
"""

PAGES = {
    "": f"""\
`gemini-nb COMMAND --help` explains each command.

{_EXIT_CODES}
{_KEY}""",
    "generate": f"""\
stdout gets the path of the picture and nothing else, unless --stream puts the
words before it; on a terminal a line on stderr counts the seconds. The suffix
of -o says the type: a picture of another one is converted, and a line says so;
without a suffix the bytes are what came. A file that was saved from the store
in use, or painted offline, and not changed since is replaced; any other needs
--overwrite. A picture that cannot be saved where it should be is kept in the
cache folder, and the message says where.

--search, --thinking, --system, --seed, --safety and -c are checked against what
is known of the model; on Crazyrouter none of them is validated.

With --each a file of rows is worked through, several at a time, and stdout gets
a path for each picture, or with --json a line. The store in .gemini_nb makes it
safe to stop and to run again: what is made is replayed, and what failed is told
row by row, with exit code 1. --batch sends the rows to Google as batch jobs: half
the price, within a day. Ctrl-C leaves the jobs running, and the same command
waits for them again; `gemini-nb jobs` lists, cancels and fetches them.

{_KEY}
examples:
  gemini-nb generate "a red square" -o red.jpg --provider offline
  gemini-nb generate "a lighthouse at night" -o pictures/ -a 16:9 --seed 7 -m nano-banana-2 -p offline
  echo "three blue circles" | gemini-nb generate - -o - -p offline > circles.jpg
  gemini-nb generate "the same at dusk" -i red.jpg -o dusk.jpg -p offline --json
  gemini-nb generate "make it blue" -i red.jpg --region 0,0,512,512 -o half.png -p offline
  printf 'city,sky\\nOslo,red\\nRome,blue\\n' > cities.csv
  gemini-nb generate "{{{{sky}}}} sky, {{{{city}}}}" --each cities.csv -o 'cards/{{{{city}}}}.jpg' -p offline
  gemini-nb generate "{{{{city}}}} at night" --each cities.csv -o night/ -p google --batch --dry-run

{_EXIT_CODES}""",
    "jobs": f"""\
`gemini-nb generate --each … --batch` and notebooks send rows to Google as batch
jobs, at half the price and within a day; the store knows them. Asking for them
is free. The command that sent them waits for them as well, and saves the
pictures where its -o says; wait and fetch put them into the store only, and
print where they are there. What failed is told once, with exit code 1, and sent
again when the command that sent it runs again. Ctrl-C leaves the jobs running.

Keys are never passed as arguments: set GEMINI_API_KEY or GOOGLE_API_KEY.

examples:
  gemini-nb jobs list
  gemini-nb jobs list --store course/.gemini_nb --json
  gemini-nb jobs wait
  gemini-nb jobs fetch
  gemini-nb jobs cancel --all

{_EXIT_CODES}""",
    "probe": f"""\
Without --yes it says what it would cost and sends nothing, unless --provider is
offline. Whatever a model answers, an error too, is a row of the table and not a
failure. --list asks for the names of the models instead, for free.

{_KEY}
examples:
  gemini-nb probe -p offline
  gemini-nb probe -p offline -m nano-banana -m nano-banana-2 --format markdown
  gemini-nb probe -p offline --list --json

{_EXIT_CODES}""",
    "serve": f"""\
It answers generateContent, streamGenerateContent, batch jobs with their files and
GET of models under /v1beta and /v1, paints what the prompt says as far as it can,
and takes any key but "rejected-key". The first line on stdout is the address;
stderr gets a line for each request. Ctrl-C stops it, with exit code 0.

examples:
  gemini-nb serve
  gemini-nb serve --port 0 --fault rate-limit-once
  gemini-nb serve --delay 20 --dialect gateway --quiet
  gemini-nb serve --batch-seconds 60 --fault results-reset-once
  gemini-nb serve --list-faults

{_EXIT_CODES}""",
    "store": f"""\
A store is a folder of plain files, .gemini_nb beside a notebook: each request
with its pictures. Replaying from it costs nothing and needs no key.

examples:
  gemini-nb store list
  gemini-nb store verify --folder course/.gemini_nb
  gemini-nb store clear --yes

{_EXIT_CODES}""",
    "demo": f"""\
It needs the packages of pip install '.[demo]', but no key and no network. stdout
gets a line for each file, and the address of the page.

examples:
  gemini-nb demo
  gemini-nb demo -o shown

{_EXIT_CODES}""",
}
"""The page of each command by its name, and that of the program under ""."""
