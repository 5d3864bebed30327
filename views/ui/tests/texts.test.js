import assert from "node:assert/strict";
import { test } from "node:test";
import { placeTexts, textWidth } from "../canvas/texts.js";

const wire = (id, sx, sy, tx, ty, text = "B T 128") => ({ id, sx, sy, tx, ty, text });

test("a text stands in the middle of a level wire", () => {
  const spots = placeTexts([wire("w", 0, 40, 200, 40)], new Map([["w", null]]));

  assert.deepEqual(spots.get("w"), { x: 100, y: 40 });
});

test("a text stands on the longest level stretch of a route", () => {
  const points = [[0, 0], [20, 0], [20, -60], [300, -60], [300, 0], [320, 0]];

  const spots = placeTexts([wire("w", 0, 0, 320, 0)], new Map([["w", points]]));

  assert.deepEqual(spots.get("w"), { x: 160, y: -60 });
});

test("a wire too short for its text shows none", () => {
  const spots = placeTexts([wire("w", 0, 40, textWidth("B T 128"), 40)], new Map([["w", null]]));

  assert.equal(spots.has("w"), false);
});

test("a text gives way to a wire that crosses", () => {
  const across = [[0, 0], [100, 0], [100, 90], [300, 90]];
  const wires = [wire("w", 0, 40, 300, 40), wire("x", 0, 0, 300, 90, "")];

  const spot = placeTexts(wires, new Map([["w", null], ["x", across]])).get("w");

  assert.ok(Math.abs(spot.x - 100) > textWidth("B T 128") / 2);
});

test("no wire that is drawn later strikes a text out", () => {
  const lane = (start) => [[0, 0], [start, 0], [start, -60], [400, -60], [400, 0], [420, 0]];
  const wires = [wire("p", 0, 0, 420, 0), wire("q", 0, 0, 420, 0, "")];

  const spot = placeTexts(wires, new Map([["p", lane(20)], ["q", lane(200)]])).get("p");

  assert.ok(spot.x + textWidth("B T 128") / 2 <= 200, `${spot.x}`);
});

test("two texts on one lane stand side by side", () => {
  const lane = (end) => [[0, 0], [20, 0], [20, -60], [end, -60], [end, 0], [end + 20, 0]];
  const beyond = [[0, 0], [20, 0], [20, -61], [302, -61], [302, 0], [322, 0]].map(([x, y]) => [x, y && y - 12]);
  const wires = [wire("p", 0, 0, 320, 0), wire("q", 0, 0, 322, 0)];

  const spots = placeTexts(wires, new Map([["p", lane(300)], ["q", beyond]]));

  assert.ok(Math.abs(spots.get("p").x - spots.get("q").x) >= textWidth("B T 128"));
});
