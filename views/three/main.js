// The 3D view of attention: ties data, planes, camera, labels and controls together. Python's side: attention3d.py.
import * as THREE from "three";
import { Camera } from "./camera.js";
import { Controls } from "./controls.js";
import { listen } from "./input.js";
import { LabelLayer, labelsOf, marginsFor } from "./labels.js";
import { asideFor, cellPlace, extent, goal, spreadFor } from "./layout.js";
import { pick } from "./picking.js";
import { Planes } from "./scene.js";
import { onTheme, theme } from "./theme.js";

const SECONDS = 0.15; // of a movement
const BEST_VIEW = { volume: "3D", overview: "Front" };
const CHOICE = ["layer", "head", "query", "key"];

export class View {
  /** `choose` is told of a cell that the user chose, `keep` of a setting that the user changed. */
  constructor(root, settings, { choose, keep }) {
    this.root = root;
    this.state = { ...settings };
    this.told = { choose, keep };
    this.chosen = { layer: 0, head: 0, query: null, key: null };
    this.picture = root.querySelector(".picture");
    this.renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
    this.renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
    this.picture.append(this.renderer.domElement);
    this.planes = new Planes();
    this.camera = new Camera(this.renderer.domElement, () => this.redraw());
    this.labels = new LabelLayer(root.querySelector(".labels"));
    this.controls = new Controls((name, value) => this.change(name, value));
    root.append(...this.controls.nodes);
    this.moving = 0;
    this.stopTheme = onTheme(() => this.#paint());
    this.stopInput = listen(this);
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(root);
  }

  /** Show other weights; a field of the same shape fades in, another one starts afresh. */
  load(field) {
    const first = !field.sameShape(this.field);
    this.field = field;
    this.root.dataset.pages = this.planes.load(field, !this.still);
    this.root.dataset.updates = Number(this.root.dataset.updates ?? 0) + 1;
    this.#paint();
    this.choose(this.chosen);
    if (first) this.arrange(true);
    this.#frame();
  }

  get still() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** One of the controls changed. */
  change(name, value) {
    if (name === "plane") return this.pickUp({ ...this.chosen, [this.state.stack]: value });
    const settings = name === "mode" ? { mode: value, view: BEST_VIEW[value] } : { [name]: value };
    this.set(settings);
    this.told.keep(settings);
  }

  /** New settings, from here or from the server. */
  set(settings) {
    const old = this.state;
    if (Object.entries(settings).every(([name, value]) => old[name] === value)) return;
    this.state = { ...old, ...settings };
    if (!this.field) return;
    const turned = ["mode", "view", "stack"].some((name) => old[name] !== this.state[name]);
    this.arrange(false, turned);
  }

  /** The user chose a cell or a head here: show it and tell the server. */
  pickUp(cell) {
    this.choose(cell);
    this.told.choose({ ...this.chosen });
  }

  /** Put a cell or a head in focus; what is out of range is dropped. */
  choose(cell) {
    const inside = (value, count) => (Number.isInteger(value) && value >= 0 && value < count ? value : null);
    const { L, H, T, S } = this.field;
    this.chosen = {
      layer: inside(cell.layer, L) ?? 0, head: inside(cell.head, H) ?? 0,
      query: inside(cell.query, T), key: inside(cell.key, S),
    };
    for (const name of CHOICE) this.root.dataset[name] = this.chosen[name] ?? "";
    this.planes.choose(this.chosen);
    this.arrange(false, false);
  }

  /** Send planes to their places and write labels; `turn` moves the camera too. */
  arrange(instant, turn = true) {
    const { mode, view, stack } = this.state;
    this.planes.uniforms.uLeast.value = this.state.threshold;
    this.planes.uniforms.uCut.value = mode === "volume";
    this.planes.aim((layer, head) => goal(this.field, this.state, this.chosen, layer, head));
    this.moving = instant || this.still ? 1 : 0;
    if (this.moving) this.planes.place(1);
    if (turn && this.camera.width) {
      const margins = marginsFor(this.field, mode, this.camera);
      this.camera.go(this.camera.frame(extent(this.field, this.state), mode, view, margins), this.moving === 1);
    }
    const count = stack === "layer" ? this.field.L : this.field.H;
    this.controls.update(this.state, this.chosen[stack], count);
    this.labels.show(labelsOf(this.field, this.state, this.chosen));
    this.redraw();
  }

  #paint() {
    const { colours, dark } = theme();
    const ramp = this.state.ramps[dark ? "dark" : "light"];
    this.planes.paint({ ramp, ...colours });
    this.controls.paint(ramp);
    this.redraw();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.renderer.setSize(width, height);
    this.camera.resize(width, height);
    this.state.spread = spreadFor(width - asideFor(height), height);
    if (this.field) this.arrange(true);
    this.#frame();
  }

  /** Draw before the next repaint; nothing runs while nothing changes. */
  redraw() {
    this.due ??= requestAnimationFrame((now) => {
      this.due = null;
      this.#advance(now);
      this.#frame();
    });
  }

  #advance(now) {
    const passed = Math.min(0.05, (now - (this.last ?? now)) / 1000 + 0.001);
    const fade = this.planes.uniforms.uMix;
    this.last = now;
    if (this.moving < 1) {
      this.moving = Math.min(1, this.moving + passed / SECONDS);
      this.planes.place(this.moving);
      this.camera.advance(this.moving);
    }
    fade.value = Math.min(1, fade.value + passed / SECONDS);
    if (this.moving < 1 || fade.value < 1) this.redraw();
    else this.last = undefined;
  }

  #frame() {
    if (!this.field || !this.camera.width) return;
    this.renderer.render(this.planes.scene, this.camera.lens);
    this.labels.place((at) => this.camera.project(at), this.controls.boxes());
  }

  /** The cell under a place in the window, or null. */
  pick(clientX, clientY) {
    const box = this.renderer.domElement.getBoundingClientRect();
    return pick(this.field, this.planes.tiles, this.camera.ray(clientX - box.left, clientY - box.top), this.state.threshold);
  }

  /** Where the middle of a cell is in the window; for tests. */
  project(layer, head, query, key) {
    const box = this.renderer.domElement.getBoundingClientRect();
    const { at } = this.planes.tiles[this.field.slice(layer, head)];
    const { x, y } = this.camera.project(cellPlace(this.field, at.toArray(), query, key));
    return [box.left + x, box.top + y];
  }

  dispose() {
    cancelAnimationFrame(this.due);
    this.observer.disconnect();
    this.stopTheme();
    this.stopInput();
    this.planes.dispose();
    this.camera.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
