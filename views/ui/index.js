// What Panel expects of a compiled bundle: React, createRoot and one `{ render }` per Python class name.
import * as React from "react";
import { createRoot } from "react-dom/client";
import "@xyflow/react/dist/base.css";
import "./ui.css";
import "./canvas.css";
import * as Bar from "./bar.jsx";
import * as Canvas from "./canvas.jsx";
import * as Dock from "./dock.jsx";
import * as Outline from "./outline.jsx";
import * as Palette from "./palette.jsx";
import * as Sheet from "./sheet.jsx";
import * as Source from "./source.jsx";
import * as Window from "./window.jsx";

export default { React, createRoot, Bar, Canvas, Dock, Outline, Palette, Sheet, Source, Window };
