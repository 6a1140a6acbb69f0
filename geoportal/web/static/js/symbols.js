// How features look on a canvas, after the rules that the page gives for each layer: areas, lines, discs, pictures.
// All sizes in rules are CSS pixels.

import { tenths } from "./words.js";

const TINY = 6; // pixels: smaller areas are drawn as a square of this size, so that none is missed
const FEW = 9; // radius of the disc for less than ten points, in pixels
const COUNTED = { least: 9, more: 4 }; // for more; larger with each power of ten

export class Symbols {
  /** `layer` has rules as of themes.py; `ready()` is called when a picture has come that was not there before. */
  constructor(layer, ready) {
    this.rules = layer.rules.map((rule) => ({ ...rule, conditions: Object.entries(rule.when) }));
    this.ink = inkOf(this.rules);
    this.discs = new Map();
    for (const rule of this.rules) {
      const form = rule.point?.find((part) => part.form);
      if (form) rule.picture = picture(form.form, ready);
    }
  }

  /** The number of the rule for these properties, or -1. */
  ruleOf(properties) {
    return this.rules.findIndex(({ conditions }) => conditions.every(([name, value]) => properties[name] === value));
  }

  /** From the middle of a point's sign to its edge, in pixels. */
  radius(rule, { properties, count }) {
    if (count > 1) return this.#groupRadius(count);
    return discRadius(this.rules[rule]?.point?.find((part) => "disc" in part), properties);
  }

  /** Areas of one rule: `path` in units of which one device pixel has `unit`. */
  drawPath(context, rule, path, { unit, ratio, areas }) {
    const parts = this.rules[rule][areas ? "area" : "line"] ?? [];
    for (const part of parts) {
      if (part.fill) {
        context.globalAlpha = context.opacity * part.opacity;
        context.fillStyle = part.fill;
        context.fill(path);
      } else if (part.line) {
        context.globalAlpha = context.opacity;
        context.strokeStyle = part.line;
        context.lineWidth = part.width * ratio * unit;
        context.setLineDash(part.dash.map((each) => each * ratio * unit));
        context.stroke(path);
      }
    }
    context.setLineDash([]);
  }

  /** An area that is too small to be seen; x and y in device pixels. */
  drawTiny(context, rule, x, y, ratio) {
    const parts = this.rules[rule].area ?? [];
    const side = TINY * ratio;
    context.globalAlpha = context.opacity;
    context.fillStyle = parts.find((part) => part.line)?.line ?? parts[0]?.fill ?? "#55606e";
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }

  /** A point; x and y in device pixels. */
  drawPoint(context, rule, feature, x, y, ratio) {
    context.globalAlpha = context.opacity;
    const disc = this.rules[rule].point?.find((part) => "disc" in part);
    if (!disc) return;
    const sign = this.#disc(rule, disc, discRadius(disc, feature.properties), ratio);
    context.drawImage(sign, Math.round(x - sign.width / 2), Math.round(y - sign.height / 2));
  }

  /** Several points as one, with their number. */
  drawGroup(context, count, x, y, ratio) {
    context.globalAlpha = context.opacity;
    context.beginPath();
    context.arc(x, y, this.#groupRadius(count) * ratio, 0, 2 * Math.PI);
    context.fillStyle = "#ffffff";
    context.fill();
    context.lineWidth = (count >= 10 ? 3 : 2) * ratio;
    context.strokeStyle = this.ink;
    context.stroke();
    context.fillStyle = "#1b252c";
    context.font = `600 ${(count >= 10 ? 12 : 11) * ratio}px system-ui, "DejaVu Sans", sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(short(count), x, y + 0.5 * ratio);
  }

  #groupRadius(count) {
    return count >= 10 ? COUNTED.least + COUNTED.more * Math.floor(Math.log10(count)) : FEW;
  }

  /** Drawn once for each rule and size, then copied. */
  #disc(rule, { disc: fill, stroke, width }, radius, ratio) {
    const key = `${rule}/${Math.round(2 * radius)}/${ratio}`;
    const known = this.discs.get(key);
    if (known) return known;
    const side = Math.ceil((radius + width) * 2 * ratio) + 2;
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const context = canvas.getContext("2d");
    context.beginPath();
    context.arc(side / 2, side / 2, radius * ratio, 0, 2 * Math.PI);
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (stroke) {
      context.strokeStyle = stroke;
      context.lineWidth = width * ratio;
      context.stroke();
    }
    const image = this.rules[rule].picture;
    if (image && !image.complete) return canvas; // not kept: the picture is still on its way
    if (image?.naturalWidth && radius >= 5) {
      const wide = 1.4 * radius * ratio;
      context.drawImage(image, (side - wide) / 2, (side - wide) / 2, wide, wide);
    }
    this.discs.set(key, canvas);
    return canvas;
  }
}

/** Whether an area of this extent, in pixels, is drawn as a square. */
export const isTiny = (extent) => extent < TINY;

function discRadius(disc, properties) {
  if (!disc?.growth) return disc?.radius ?? 5;
  const { field, low, high, smallest, largest } = disc.growth;
  const value = properties[field];
  if (typeof value !== "number") return smallest;
  return smallest + (largest - smallest) * Math.min(1, Math.max(0, (value - low) / (high - low)));
}

const short = (count) => (count < 1000 ? String(count) : `${tenths(count / 1000)}k`);

function picture(source, ready) {
  const image = new Image();
  image.addEventListener("load", ready, { once: true });
  image.src = source;
  return image;
}

/** The colour of a layer that is dark enough for a ring on any ground. */
function inkOf(rules) {
  const discs = rules.flatMap(({ point = [] }) => point.filter((part) => "disc" in part));
  const colours = discs.flatMap(({ disc, stroke }) => [disc, stroke]).filter(Boolean);
  return colours.find((colour) => lightness(colour) < 0.5) ?? "#1b252c";
}

function lightness(colour) {
  const [, ...parts] = /^#(..)(..)(..)/.exec(colour) ?? [];
  const [red, green, blue] = parts.map((part) => parseInt(part, 16) / 255);
  return parts.length ? 0.21 * red + 0.72 * green + 0.07 * blue : 1;
}
