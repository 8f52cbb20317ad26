// Data: what was packed, read column by column, and which posture the labels mean.

class Data {
  constructor({header, block}) {
    this.header = header;
    const letters = atob(block);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
    const readers = {Float32Array, Int16Array, Uint8Array, Int8Array};
    this.arrays = new Map(Object.entries(header.arrays).map(([name, own]) =>
      [name, {...own, data: new readers[own.type](bytes.buffer, own.at, own.count)}]));
    let stride = 1;
    this.strides = header.dims.map(() => 0);
    for (let d = header.dims.length - 1; d >= 0; d -= 1) {
      this.strides[d] = stride;
      stride *= header.dims[d].labels.length;
    }
  }

  has(name) { return this.arrays.has(name); }

  width(name) { return this.arrays.get(name).of.length; }

  // A number of a posture; NaN where there is none.
  value(name, column, posture) {
    const array = this.arrays.get(name);
    const place = array.of[column];
    if (place < 0) {
      const same = array.same[-1 - place];
      return same === null ? NaN : same;
    }
    const found = array.data[place * this.header.count + posture];
    return array.type === 'Int16Array' && found === -32768 ? NaN : found;
  }

  // The place of labels in the answer.
  posture(indices) { return indices.reduce((sum, index, d) => sum + index * this.strides[d], 0); }

  status(posture) { return this.value('status', 0, posture); }

  isHeld(posture) { return this.status(posture) === 0; }

  isTrusted(posture) { return !this.has('valid') || this.value('valid', 0, posture) === 1; }

  // Length of a force of three components, N.
  force(name, first, posture) {
    return Math.hypot(...[0, 1, 2].map((axis) => this.value(name, 3 * first + axis, posture)));
  }
}

// A number as it is read; what is none is a dash.
const told = (number, digits) => {
  if (!Number.isFinite(number)) return '–';
  const text = number.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
};

// A small number as a power of ten.
const SUPER = {'-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹'};
const power = (number) => {
  if (number === 0) return '0';
  if (number >= 0.001) return number.toPrecision(2);
  const [digits, exponent] = number.toExponential(1).split('e');
  return `${digits} · 10${[...exponent.replace('+', '')].map((own) => SUPER[own]).join('')}`;
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// An element with attributes and children. Text is text: nothing that it holds is read as HTML.
const SVG = 'http://www.w3.org/2000/svg';
const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
