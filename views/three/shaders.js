// How one plane of cells is drawn: every cell of every head is read from one texture of bytes, so that all planes are
// two draw calls. A byte is round(255 * sqrt(weight)).

const COMMON = `
precision highp float; precision highp int; precision highp sampler2DArray;
uniform sampler2DArray uOld, uNew;      // tiles of uSize cells, uGrid of them on a page
uniform float uMix;                     // 0 shows uOld, 1 uNew
uniform ivec2 uSize, uGrid;             // (keys, queries), (columns, rows)
uniform sampler2D uRamp;
uniform float uLeast;                   // cells of a smaller weight are not drawn
uniform vec3 uInk, uAccent;
uniform ivec2 uCell;                    // chosen (key, query), -1: none
uniform int uHot;                       // chosen head's slice, -1: none
float cell(int slice, ivec2 at) {       // sqrt of the weight
  int page = uGrid.x * uGrid.y, i = slice % page;
  ivec3 texel = ivec3(ivec2(i % uGrid.x, i / uGrid.x) * uSize + at, slice / page);
  return mix(texelFetch(uOld, texel, 0).r, texelFetch(uNew, texel, 0).r, uMix);
}`;

export const PLANE_VERTEX = `${COMMON}
in float aGhost; out vec2 vUv; flat out int vSlice; flat out float vGhost;
void main() {
  vUv = vec2(uv.x, 1. - uv.y); vSlice = gl_InstanceID; vGhost = aGhost;
  gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4(position, 1.);
}`;

// The strongest of the cells under a pixel is drawn: a mean would hide thin diagonals.
const PLANE = `${COMMON}
in vec2 vUv; flat in int vSlice; flat in float vGhost; out vec4 color;
float strongest(vec2 p) {
  vec2 foot = clamp(fwidth(p), 1., 4.); ivec2 n = ivec2(ceil(foot)); float v = 0.;
  for (int j = 0; j < 4; j++) for (int i = 0; i < 4; i++) {
    if (i >= n.x || j >= n.y) continue;
    ivec2 at = ivec2(p + ((vec2(i, j) + .5) / vec2(n) - .5) * foot);
    v = max(v, cell(vSlice, clamp(at, ivec2(0), uSize - 1)));
  }
  return v;
}
bool hot() { return vSlice == uHot; }
bool onBorder() {
  vec2 wide = fwidth(vUv), border = min(vUv, 1. - vUv) / wide;
  return min(border.x, border.y) < (hot() ? 1.8 : .8);
}`;

// First pass: solid cells.
export const CELLS_FRAGMENT = `${PLANE}
uniform bool uCut;                      // whether weak cells are see-through
void main() {
  vec2 p = vUv * vec2(uSize); float v = strongest(p);
  if (vGhost > .5 || onBorder() || (uCut && v * v < uLeast)) discard;
  vec3 paint = texture(uRamp, vec2(v, .5)).rgb; ivec2 at = ivec2(p);
  bvec2 chosen = equal(at, uCell);
  if (hot() && any(chosen)) paint = mix(paint, uAccent, all(chosen) ? 1. : .3);
  color = vec4(paint, 1.);
}`;

// Second pass, see-through: borders, and a breath of glass where no cell is drawn.
export const GLASS_FRAGMENT = `${PLANE}
uniform bool uCut;
void main() {
  vec2 p = vUv * vec2(uSize); ivec2 at = ivec2(p);
  if (onBorder()) { color = vec4(hot() ? uAccent : uInk, hot() ? 1. : vGhost > .5 ? .14 : .34); return; }
  float v = strongest(p);
  if (!uCut && v * v < uLeast) { color = vec4(texture(uRamp, vec2(0., .5)).rgb, 1.); return; }
  bool crossed = hot() && vGhost < .5 && any(equal(at, uCell));
  color = crossed ? vec4(uAccent, .16) : vec4(uInk, vGhost > .5 ? .008 : .035);
}`;
