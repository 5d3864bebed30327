import assert from "node:assert/strict";
import { test } from "node:test";
import { viewOf } from "../canvas/view.js";

const PANE = { width: 938, height: 502 };
const node = (x, y, width = 176, height = 76) => ({ position: { x, y }, width, height });
const onScreen = (view, { position, width, height }) => ({
  left: position.x * view.zoom + view.x,
  right: (position.x + width) * view.zoom + view.x,
  top: position.y * view.zoom + view.y,
  bottom: (position.y + height) * view.zoom + view.y,
});

test("a small graph is shown as large as life, in the middle", () => {
  const view = viewOf([node(0, 0), node(260, 0)], [], PANE);

  assert.equal(view.zoom, 1);
  assert.ok(Math.abs(view.x + 218 - PANE.width / 2) < 1);
});

test("no node stands under the map or the buttons, whatever the graph's size", () => {
  for (const columns of [1, 2, 3, 4, 6]) {
    for (const rows of [1, 2, 3, 4, 5]) {
      const nodes = Array.from({ length: columns * rows }, (_, i) => node((i % columns) * 256, Math.floor(i / columns) * 156));

      const view = viewOf(nodes, [], PANE);

      for (const box of nodes.map((each) => onScreen(view, each))) {
        assert.ok(box.left >= 0 && box.right <= PANE.width && box.top >= 52 && box.bottom <= PANE.height, JSON.stringify({ columns, rows }));
        assert.ok(box.right <= PANE.width - 150 || box.bottom <= PANE.height - 88, JSON.stringify({ columns, rows, box }));
        assert.ok(box.left >= 140 || box.bottom <= PANE.height - 50, JSON.stringify({ columns, rows, box }));
      }
    }
  }
});

test("a graph that only just meets the map moves aside and keeps its size", () => {
  const nodes = [node(0, 0), node(500, 350, 176, 60)];

  assert.equal(viewOf(nodes, [], PANE).zoom, 1);
});
