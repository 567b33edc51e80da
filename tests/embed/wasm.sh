#!/bin/sh
# wasm.sh EXAMPLES: builds the web page with emscripten, serves it, and types into it in headless Chromium.
set -u
examples=$1
command -v emcc >/dev/null || { echo "skipped: there is no emcc (apt-get install emscripten)"; exit 0; }
browser=
for name in chromium chromium-browser google-chrome; do
    command -v $name >/dev/null && browser=$name && break
done
[ -n "$browser" ] || { echo "skipped: there is no Chromium (apt-get install chromium)"; exit 0; }
command -v python3 >/dev/null || { echo "skipped: there is no python3 to serve the page"; exit 0; }
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
sh "$examples/14_web_page/build.sh" site || { echo "FAILED: emcc"; exit 1; }
cat >probe.html <<'EOF'
<script>
addEventListener("load", () => setTimeout(() => {
  const input = document.getElementById("start");
  const list = () => [...document.querySelectorAll("#names li")].map(e => e.textContent);
  const type = text => { input.value = text; input.dispatchEvent(new Event("input")); return list(); };
  const first = list(), emm = type("Emm"), unknown = type("\u00e9");
  const start = emm.every(n => n.startsWith("emm")), differ = new Set(emm).size > 3;
  document.title = "PROBE " + [first[0], first.length, emm.length, start, differ, unknown.length].join(" ");
}, 1000));
</script>
EOF
cat site/index.html probe.html >site/probed.html
python3 -u -m http.server 0 --bind 127.0.0.1 -d site >port 2>/dev/null &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$(grep -o 'port [0-9]*' port | cut -d' ' -f2); [ -n "$port" ] && break; sleep 0.3
done
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" --enable-logging=stderr \
    --virtual-time-budget=8000 --dump-dom \
    "http://127.0.0.1:$port/probed.html?seed=1" >dom 2>log || { cat log; exit 1; }
if grep CONSOLE log; then echo "FAILED: the console is not empty"; exit 1; fi
found=$(grep -o 'PROBE [^<]*' dom | head -n 1)
expected="PROBE feana 20 20 true true 0" # the first name of this seed is that of examples/13_embed
[ "$found" = "$expected" ] || { echo "FAILED: '$found', expected '$expected'"; cat log; exit 1; }
echo "typed and answered; names.wasm has $(wc -c <site/names.wasm) bytes"
