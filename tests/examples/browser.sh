#!/bin/sh
# browser.sh MAKEMORE DIGITS: opens reports in headless Chromium, from disk, wide and narrow: no error on the
# console, every picture there with a size, a name and a text, no part of the page wider than the window.
# Screenshots go to the folder that CTNN_SCREENSHOTS names, if any.
set -u
makemore=$1
digits=$2
browser=
for name in chromium chromium-browser google-chrome; do
    command -v $name >/dev/null && browser=$name && break
done
[ -n "$browser" ] || { echo "skipped: there is no Chromium (apt-get install chromium)"; exit 0; }
command -v gnuplot >/dev/null ||
    { echo "skipped: there is no gnuplot to draw pictures (apt-get install gnuplot-nox)"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

"$makemore" inspect --report deep >/dev/null || exit 1
"$makemore" compare baseline kaiming batchnorm --steps 500 --report three >/dev/null || exit 1
"$digits" digits >/dev/null || exit 1

# Runs in the page once it is laid out, and tells the page around it what it finds: a frame can be narrower
# than any window.
cat >probe.html <<'EOF'
<script>
addEventListener("load", () => {
  const faults = [], pictures = document.querySelectorAll("figure svg");
  for (const svg of pictures) {
    const box = svg.getBoundingClientRect(), id = svg.closest("figure").id;
    if (box.width < 300 || box.height < 150) faults.push(id + " is " + box.width + " x " + box.height);
    if (!svg.querySelector("path, image, use")) faults.push(id + " is empty");
    if (box.right > svg.closest("figure").getBoundingClientRect().right) faults.push(id + " is cut");
    const texts = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()]);
    texts.forEach(([a, p], i) => texts.slice(0, i).forEach(([b, q]) => {
      const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      // Boxes have room around the letters.
      if (x > 1 && y > 0.4 * Math.min(p.height, q.height)) faults.push(`${id}: '${a}' stands on '${b}'`);
    }));
    const name = document.getElementById(svg.getAttribute("aria-labelledby"));
    const text = document.getElementById(svg.getAttribute("aria-describedby"));
    if (!name || !name.textContent || !text || text.textContent.length < 20) faults.push(id + " has no text");
    for (const image of svg.querySelectorAll("image"))
      if (image.getBoundingClientRect().height < 10) faults.push(id + " has a flat image");
  }
  for (const figure of document.querySelectorAll("figure"))
    if (!figure.querySelector("svg")) faults.push(figure.id + " has no picture");
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  if (new Set(ids).size != ids.length) faults.push("an id occurs twice");
  for (const element of document.querySelectorAll("body *")) {
    const scroller = element.closest(".wide");
    if ((!scroller || scroller == element) && element.getBoundingClientRect().right > innerWidth + 1)
      faults.push(element.tagName + " is wider than the window");
  }
  for (const a of document.querySelectorAll("nav a"))
    if (!document.querySelector(a.getAttribute("href")))
      faults.push("a dead link to " + a.getAttribute("href"));
  const found = faults.slice(0, 5).join("; ") || "none";
  const said = innerWidth + " wide, " + pictures.length + " pictures, faults: " + found;
  parent.postMessage("PROBE " + said, "*");
});
</script>
EOF
chrome() {
    "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$folder/profile" "$@"
}
for report in deep three digits; do
    if grep -oE '(src|href)="https?:[^"]*"' $report/report.html; then
        echo "FAILED: $report/report.html loads something from elsewhere"
        exit 1
    fi
    cat $report/report.html probe.html >$report/probed.html
    case $report in
    deep) pictures=13 ;;
    three) pictures=33 ;;
    digits) pictures=12 ;;
    esac
    for width in 1280 390; do
        {
            echo "<script>addEventListener('message', e => document.title = e.data)</script>"
            echo "<iframe src=probed.html style='width:${width}px;height:900px;border:0'></iframe>"
        } >$report/frame.html
        chrome --window-size=1400,900 --enable-logging=stderr --virtual-time-budget=5000 --dump-dom \
            "file://$folder/$report/frame.html" >dom 2>log || { cat log; exit 1; }
        if grep CONSOLE log; then echo "FAILED: $report at $width: the console is not empty"; exit 1; fi
        found=$(grep -o 'PROBE [^<]*' dom | head -n 1)
        [ "$found" = "PROBE $width wide, $pictures pictures, faults: none" ] ||
            { echo "FAILED: $report at $width: '$found', expected $pictures pictures"; exit 1; }
        if [ -n "${CTNN_SCREENSHOTS:-}" ]; then
            for theme in light dark; do
                [ $theme = dark ] && scheme=0 || scheme=1
                chrome --window-size=$width,7000 --blink-settings=preferredColorScheme="$scheme" \
                    --screenshot="$CTNN_SCREENSHOTS/$report-$width-$theme.png" \
                    "file://$folder/$report/report.html" 2>/dev/null
            done
        fi
    done
    echo "$report: $pictures pictures at 1280 and 390"
done
