// The camera: orbit by mouse, named views, and a fit that fills the pane whatever its shape.
import * as THREE from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";

const DIRECTIONS = {
  volume: { "3D": null, Front: [0, 0, 1], Side: [1, 0.06, 0.001], Top: [0, 1, 0.001] },
  overview: { "3D": [-0.4, 0.24, 0.85], Front: [0, 0, 1], Side: [1, 0.2, 0.3], Top: [0, 1, 0.3] },
};

const SLANTED = [[0.62, 0.36, 0.85], [0.7, 0.25, 0.8]]; // onto a volume: in a pane as high as wide, in a low one

/** From where a named view looks, in a pane of this shape. */
function directionOf(mode, view, aspect) {
  const low = Math.min(1, Math.max(0, (aspect - 1.6) / 1.6));
  const named = DIRECTIONS[mode][view] ?? SLANTED[0].map((x, i) => x + (SLANTED[1][i] - x) * low);
  return new THREE.Vector3(...named).normalize();
}

export const VIEWS = Object.keys(DIRECTIONS.volume);

export class Camera {
  constructor(canvas, onChange) {
    this.lens = new THREE.PerspectiveCamera(30, 1, 0.01, 200);
    this.orbit = new OrbitControls(this.lens, canvas);
    this.orbit.zoomToCursor = true;
    this.orbit.addEventListener("change", onChange);
    this.flight = null;
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    this.lens.aspect = width / height;
    this.lens.updateProjectionMatrix();
  }

  /** Look from a named side so that the box ±`extent` fills the pane inside `margins` (px). */
  frame(extent, mode, view, margins) {
    const direction = directionOf(mode, view, this.width / this.height);
    const target = new THREE.Vector3();
    let distance = 8;
    const wanted = {
      width: Math.max(40, this.width - margins.left - margins.right),
      height: Math.max(40, this.height - margins.top - margins.bottom),
    };
    const lens = this.lens.clone();
    for (let round = 0; round < 8; round++) {
      lens.position.copy(direction).multiplyScalar(distance).add(target);
      lens.lookAt(target);
      lens.updateMatrixWorld();
      const box = this.#box(extent, lens);
      const pixel = (2 * distance * Math.tan((lens.fov * Math.PI) / 360)) / this.height;
      const right = new THREE.Vector3().setFromMatrixColumn(lens.matrixWorld, 0);
      const up = new THREE.Vector3().setFromMatrixColumn(lens.matrixWorld, 1);
      target.addScaledVector(right, pixel * (box.x - (margins.left + wanted.width / 2)));
      target.addScaledVector(up, -pixel * (box.y - (margins.top + wanted.height / 2)));
      distance *= Math.max(box.width / wanted.width, box.height / wanted.height);
    }
    const position = direction.multiplyScalar(distance).add(target);
    return { position, target };
  }

  #box({ x, y, z }, lens) {
    const [xs, ys] = [[], []];
    for (const a of [-x, x]) for (const b of [-y, y]) for (const c of [-z, z]) {
      const p = new THREE.Vector3(a, b, c).project(lens);
      xs.push(((p.x + 1) / 2) * this.width);
      ys.push(((1 - p.y) / 2) * this.height);
    }
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top };
  }

  /** Go to a frame: at once, or in a short flight that `advance` carries out. */
  go({ position, target }, instant) {
    this.flight = { from: this.lens.position.clone(), fromTarget: this.orbit.target.clone(), position, target };
    if (instant) this.advance(1);
  }

  /** Be at the share `by` of the flight. */
  advance(by) {
    if (!this.flight) return;
    const { from, fromTarget, position, target } = this.flight;
    this.lens.position.lerpVectors(from, position, by);
    this.orbit.target.lerpVectors(fromTarget, target, by);
    if (by === 1) this.flight = null;
    this.orbit.update();
  }

  /** Place on the screen (px in the pane) and whether it is in sight. */
  project(point) {
    const p = new THREE.Vector3(...point).project(this.lens);
    return { x: ((p.x + 1) / 2) * this.width, y: ((1 - p.y) / 2) * this.height, seen: p.z < 1 };
  }

  /** The ray from the eye through a place in the pane (px). */
  ray(x, y) {
    const caster = new THREE.Raycaster();
    caster.setFromCamera(new THREE.Vector2((x / this.width) * 2 - 1, 1 - (y / this.height) * 2), this.lens);
    return caster.ray;
  }

  dispose() {
    this.orbit.dispose();
  }
}
