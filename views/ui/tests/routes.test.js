import assert from "node:assert/strict";
import { test } from "node:test";
import { layWires } from "../canvas/routes.js";

const box = (id, x, y, w = 176, h = 54) => ({ id, x, y, w, h });
const wire = (id, source, target, sx, sy, tx, ty) => ({ id, net: `${source}.y`, source, target, sx, sy, tx, ty });
const within = (a0, a1, b0, b1) => Math.max(a0, b0) < Math.min(a1, b1);
const meets = (points, { x, y, w, h }) =>
  points.slice(1).some(([x1, y1], i) => {
    const [x0, y0] = points[i];
    const [left, right] = [Math.min(x0, x1) - 0.1, Math.max(x0, x1) + 0.1];
    const [top, bottom] = [Math.min(y0, y1) - 0.1, Math.max(y0, y1) + 0.1];
    return within(left, right, x, x + w) && within(top, bottom, y, y + h);
  });

test("a wire to the next block on its row is a plain curve", () => {
  const routes = layWires([box("a", 0, 0), box("b", 220, 0)], [wire("w", "a", "b", 181, 40, 215, 40)]);

  assert.equal(routes.get("w"), null);
});

test("a bypass runs above the blocks between its ends", () => {
  const boxes = [box("a", 0, 0), box("b", 220, 0), box("c", 440, 0), box("d", 660, 0)];

  const points = layWires(boxes, [wire("w", "a", "d", 181, 40, 655, 40)]).get("w");

  assert.ok(boxes.every((b) => !meets(points, b)), `${points}`);
  assert.ok(Math.min(...points.map(([, y]) => y)) < 0, `${points}`);
});

test("a wire back to the row below runs between the rows", () => {
  const boxes = [box("a", 0, 0), box("b", 440, 0), box("c", 0, 200), box("d", 440, 200)];

  const points = layWires(boxes, [wire("w", "b", "c", 621, 40, -5, 240)]).get("w");

  const level = points.map(([, y]) => y).find((y) => y > 54 && y < 200);
  assert.ok(level, `${points}`);
  assert.ok(boxes.every((b) => !meets(points, b)));
});

test("bypasses from different ports that overlap take different lanes", () => {
  const boxes = [0, 1, 2, 3, 4].map((i) => box(`n${i}`, i * 220, 0));
  const wires = [
    wire("long", "n0", "n4", 181, 40, 875, 40),
    wire("short", "n1", "n3", 401, 40, 655, 40),
  ];

  const routes = layWires(boxes, wires);

  const height = (id) => Math.min(...routes.get(id).map(([, y]) => y));
  assert.ok(height("long") <= height("short") - 8, "the longer one lies outside");
});

test("wires from one port may share a lane", () => {
  const boxes = [box("a", 0, 0), box("b", 440, 0), box("c", 0, 200), box("d", 440, 200)];
  const wires = [wire("one", "b", "c", 621, 40, -5, 240), wire("two", "b", "d", 621, 40, 435, 240)];

  const routes = layWires(boxes, wires);

  assert.equal(routes.get("one")[2][1], routes.get("two")[2][1]);
});

test("no route goes through a block, whatever the arrangement", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const boxes = Array.from({ length: 24 }, (_, i) =>
    box(`n${i}`, (i % 6) * 240 + random() * 20, Math.floor(i / 6) * 150 + random() * 20),
  );
  const wires = Array.from({ length: 30 }, (_, i) => {
    const [from, to] = [boxes[Math.floor(random() * 24)], boxes[Math.floor(random() * 24)]];
    return wire(`w${i}`, from.id, to.id, from.x + 181, from.y + 40, to.x - 5, to.y + 40);
  }).filter((w) => w.source !== w.target);

  const routes = layWires(boxes, wires);

  for (const w of wires) {
    const points = routes.get(w.id);
    const others = boxes.filter((b) => b.id !== w.source && b.id !== w.target);
    assert.ok(points === null || others.every((b) => !meets(points, b)), `${w.id}: ${points}`);
    assert.ok((points ?? []).slice(1).every(([x, y], i) => x === points[i][0] || y === points[i][1]), `${w.id}: ${points}`);
  }
});

test("the same picture gives the same routes in any order of the wires", () => {
  const boxes = [0, 1, 2, 3, 4].map((i) => box(`n${i}`, i * 220, 0));
  const wires = [wire("p", "n0", "n4", 181, 40, 875, 40), wire("q", "n1", "n3", 401, 40, 655, 40)];

  const [forward, backward] = [layWires(boxes, wires), layWires(boxes, [...wires].reverse())];

  for (const { id } of wires) assert.deepEqual(forward.get(id), backward.get(id));
});

test("after a small change only disturbed wires are laid anew", () => {
  const boxes = [0, 1, 2, 3, 4].map((i) => box(`n${i}`, i * 220, 0));
  const wires = [wire("long", "n0", "n4", 181, 40, 875, 40), wire("next", "n0", "n1", 181, 40, 215, 40)];
  const routes = layWires(boxes, wires);
  const aside = box("n5", 0, 300);
  const across = box("n5", 400, -60);

  const calm = layWires([...boxes, aside], wires, { routes, changed: [aside] });
  const disturbed = layWires([...boxes, across], wires, { routes, changed: [across] });

  assert.equal(calm.get("long"), routes.get("long"));
  assert.notDeepEqual(disturbed.get("long"), routes.get("long"));
  assert.ok(!meets(disturbed.get("long"), across));
});

test("where every lane is taken a wire still runs in right angles, and through no block", () => {
  const boxes = [box("a", 0, 0), box("b", 260, 0), box("c", 0, 90), box("d", 260, 90)];
  const wires = Array.from({ length: 12 }, (_, i) => ({
    ...wire(`w${String(i).padStart(2, "0")}`, "a", "d", 181, 10 + 3 * i, 255, 100 + 3 * i),
    net: `a.${i}`,
  }));

  const routes = layWires(boxes, wires);

  for (const points of routes.values()) {
    assert.ok(points, "none is a curve");
    assert.ok(points.slice(1).every(([x, y], i) => x === points[i][0] || y === points[i][1]), `${points}`);
    assert.ok(boxes.every((b) => !meets(points, b)), `${points}`);
  }
});
