// Draws the SVG of the environment variable SVG, whose dark path is made of rectangles (M x y h width v height), and prints what a QR decoder
// reads in it.
const jsQR = require('jsqr');

const PIXELS = 8;
const svg = process.env.SVG;
const side = Number(/viewBox="0 0 (\d+) \d+"/.exec(svg)[1]) * PIXELS;
const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
const [, dark] = /<path fill="#000" d="([^"]*)"/.exec(svg);
for (const rectangle of dark.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)/g)) {
  const [left, top, width, height] = rectangle.slice(1).map((modules) => Number(modules) * PIXELS);
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
    }
  }
}

const found = jsQR(pixels, side, side);
if (!found) {
  console.error(`No QR code is in this image of ${side} pixels.`);
  process.exit(1);
}
console.log(found.data);
