// How long gestures take, for the benchmark: `window.__stepwise` and performance marks, from the event that ends a
// gesture. `drawn` is when the page's elements are final, `painted` when two frames have been shown since.
const state = (window.__stepwise ??= { gestures: 0, answers: 0, last: null });
const task = new MessageChannel();
const later = [];
task.port1.onmessage = () => later.shift()?.();

function soon(callback) {
  later.push(callback);
  task.port2.postMessage(0);
}

/** Note that a gesture has ended; `start` is the time stamp of its last event. */
export function gestureEnded(gesture, start = performance.now()) {
  const record = { gesture, start, drawn: null, painted: null, answered: null };
  state.last = record;
  state.gestures += 1;
  soon(() => {
    record.drawn = performance.now() - start;
  });
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      record.painted = performance.now() - start;
      performance.mark("stepwise-settled", { detail: { gesture, drawn: record.drawn, painted: record.painted } });
    }),
  );
}

/** Note that Python's answer has been applied. */
export function answered() {
  const record = state.last;
  soon(() => {
    state.answers += 1;
    if (record) record.answered ??= performance.now() - record.start;
    performance.mark("stepwise-answered", { detail: { gesture: record?.gesture, answered: record?.answered } });
  });
}
