// What a part shares with Python. Panel's own `model.useState` writes every value back once it is drawn, and so takes
// back what Python has changed in the meantime; this reads the model itself and writes only when it is told to.
import { useMemo, useSyncExternalStore } from "react";

/** A parameter as it is now, and a function that changes it, for Python too. */
export function useGiven(model, name) {
  const [listen, read, write] = useMemo(() => {
    const listen = (hear) => {
      model.on(name, hear);
      return () => model.off(name, hear);
    };
    return [listen, () => model[name], (value) => (model[name] = value)];
  }, [model, name]);
  return [useSyncExternalStore(listen, read), write];
}
