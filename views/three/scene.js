// The drawn things: two instanced planes a head (cells, glass) over one texture.
import * as THREE from "three";
import { atlas } from "./atlas.js";
import { planeSize } from "./layout.js";
import { CELLS_FRAGMENT, GLASS_FRAGMENT, PLANE_VERTEX } from "./shaders.js";

const range = (n) => [...Array(n).keys()];

function textureOf(field) {
  const { texels, width, height, pages, columns, rows } = atlas(field);
  const texture = new THREE.DataArrayTexture(texels, width, height, pages);
  texture.format = THREE.RedFormat;
  texture.type = THREE.UnsignedByteType;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return { texture, columns, rows, pages };
}

export class Planes {
  constructor() {
    this.scene = new THREE.Scene();
    this.tiles = [];
    const value = (value) => ({ value });
    this.uniforms = {
      uOld: value(null), uNew: value(null), uMix: value(1), uRamp: value(null), uLeast: value(0), uHot: value(-1),
      uSize: value(new Int32Array([1, 1])), uGrid: value(new Int32Array([1, 1])), uCell: value(new Int32Array([-1, -1])),
      uInk: value(new THREE.Color()), uAccent: value(new THREE.Color()), uCut: value(true),
    };
  }

  /** Show a field; the change fades when only the weights differ. Returns how many pages the texture has. */
  load(field, fade) {
    const same = fade && field.sameShape(this.field);
    const { texture, columns, rows, pages } = textureOf(field);
    this.old?.dispose();
    if (!same) this.now?.dispose();
    this.old = same ? this.now : null;
    this.now = texture;
    if (!field.sameShape(this.field)) this.#build(field);
    this.field = field;
    const { uOld, uNew, uMix, uSize, uGrid } = this.uniforms;
    uOld.value = this.old ?? texture;
    uNew.value = texture;
    uMix.value = this.old ? 0 : 1;
    uSize.value = new Int32Array([field.S, field.T]);
    uGrid.value = new Int32Array([columns, rows]);
    return pages;
  }

  #build(field) {
    this.#drop();
    const { width, height } = planeSize(field);
    const plane = new THREE.PlaneGeometry(width, height);
    this.ghosts = new THREE.InstancedBufferAttribute(new Float32Array(field.heads), 1);
    plane.setAttribute("aGhost", this.ghosts);
    const make = (fragmentShader, extra) => {
      const shader = { vertexShader: PLANE_VERTEX, fragmentShader, uniforms: this.uniforms, ...extra };
      const material = new THREE.ShaderMaterial({ glslVersion: THREE.GLSL3, side: THREE.DoubleSide, ...shader });
      const mesh = new THREE.InstancedMesh(plane, material, field.heads);
      mesh.frustumCulled = false;
      this.scene.add(mesh);
      return mesh;
    };
    this.cells = make(CELLS_FRAGMENT, {});
    this.glass = make(GLASS_FRAGMENT, { transparent: true, depthWrite: false });
    this.glass.renderOrder = 1;
    this.tiles = range(field.heads).map((n) => ({
      layer: Math.floor(n / field.H), head: n % field.H, at: new THREE.Vector3(), size: 0, ghost: 0,
      to: { at: new THREE.Vector3(), size: 0, ghost: 0 },
    }));
  }

  /** Send every plane to where `goalOf(layer, head)` says. */
  aim(goalOf) {
    for (const tile of this.tiles) {
      const { at, size, ghost } = goalOf(tile.layer, tile.head);
      tile.to.at.set(...at);
      Object.assign(tile.to, { size, ghost });
    }
  }

  /** Move every plane by the share `by` of its way; 1 arrives. */
  place(by) {
    const matrix = new THREE.Matrix4();
    this.tiles.forEach((tile, i) => {
      tile.at.lerp(tile.to.at, by);
      tile.size += (tile.to.size - tile.size) * by;
      tile.ghost = tile.to.ghost;
      this.ghosts.setX(i, tile.ghost);
      const size = Math.max(tile.size, 1e-4);
      matrix.makeScale(size, size, size).setPosition(tile.at);
      this.cells.setMatrixAt(i, matrix);
      this.glass.setMatrixAt(i, matrix);
    });
    this.ghosts.needsUpdate = true;
    this.cells.instanceMatrix.needsUpdate = this.glass.instanceMatrix.needsUpdate = true;
  }

  choose({ layer, head, query, key }) {
    this.uniforms.uHot.value = this.field.slice(layer, head);
    this.uniforms.uCell.value = new Int32Array([key ?? -1, query ?? -1]);
  }

  paint({ ramp, ink, accent }) {
    const texels = new Uint8Array(ramp.flatMap((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)).concat(255)));
    this.uniforms.uRamp.value?.dispose();
    const texture = new THREE.DataTexture(texels, ramp.length, 1);
    texture.magFilter = texture.minFilter = THREE.LinearFilter;
    texture.needsUpdate = true;
    this.uniforms.uRamp.value = texture;
    // What is written to the screen are plain sRGB values, so colours stay as they are given.
    this.uniforms.uInk.value.setStyle(ink, THREE.LinearSRGBColorSpace);
    this.uniforms.uAccent.value.setStyle(accent, THREE.LinearSRGBColorSpace);
  }

  #drop() {
    for (const mesh of [this.cells, this.glass]) {
      if (!mesh) continue;
      this.scene.remove(mesh);
      mesh.geometry.dispose();
      mesh.material.dispose();
      mesh.dispose();
    }
  }

  dispose() {
    this.#drop();
    for (const texture of [this.old, this.now, this.uniforms.uRamp.value]) texture?.dispose();
  }
}
