// How long gestures take, for the benchmark: `window.__stepwise`, from the event that ends a gesture to Python's answer.
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
  state.last = { gesture, start, heard: null, answered: null };
  state.gestures += 1;
}

/** Note that Python's answer has come; what changes from now on is its doing. */
export function hearing() {
  if (state.last) state.last.heard ??= performance.now() - state.last.start;
}

/** Note that Python's answer has been applied. */
export function answered() {
  const record = state.last;
  soon(() => {
    state.answers += 1;
    if (record) record.answered ??= performance.now() - record.start;
  });
}
