// Charts, as SVG of our own: bars in tables, the feet from above, and a curve along a slider.

// A table whose rows have a bar each: also what a screen reader reads.
class BarTable {
  constructor(element, {title, caption, rows, columns, kind}) {
    this.cells = [];
    const head = html('tr', {}, html('th', {scope: 'col'}, columns[0]), html('th', {'aria-hidden': 'true'}),
      ...columns.slice(1).map((name) => html('th', {scope: 'col', class: 'number'}, name)));
    this.caption = html('caption', {}, caption);
    const body = html('tbody');
    for (const name of rows) {
      const bar = svg('rect', {class: `fill ${kind}`, height: '100%', width: '0', rx: 3});
      const numbers = columns.slice(1).map(() => html('td', {class: 'number'}));
      body.append(html('tr', {}, html('th', {scope: 'row'}, name),
        html('td', {class: 'bar', 'aria-hidden': 'true'}, svg('svg', {}, svg('rect', {class: 'track', width: '100%', height: '100%', rx: 3}), bar)), ...numbers));
      this.cells.push({bar, numbers});
    }
    this.table = html('table', {}, this.caption, html('thead', {}, head), body);
    element.append(html('h2', {}, title), this.table);
  }

  // Each row: a share of the bar's full length, its colour if it has one, and the numbers as text.
  show(rows, isSure) {
    this.table.classList.toggle('unsure', !isSure);
    rows.forEach(({share, colour, texts}, i) => {
      const {bar, numbers} = this.cells[i];
      bar.setAttribute('width', `${(100 * Math.min(Math.max(share || 0, 0), 1)).toFixed(2)}%`);
      if (colour) bar.style.fill = isSure ? colour : '';
      texts.forEach((text, k) => { if (numbers[k].textContent !== text) numbers[k].textContent = text; });
    });
  }
}

// A full length that reads well, at or above a number.
const niceLimit = (most) => {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 3, 5, 10].map((own) => own * power).find((own) => own >= most * 0.999);
};

// The soles from above, with what presses where.
class FeetPlan {
  constructor(element, view) {
    this.view = view;
    this.soles = view.body.soles.map(() => svg('polygon', {class: 'sole'}));
    this.dots = view.groundArrows.map(() => svg('circle', {class: 'cop'}));
    this.fall = svg('path', {class: 'fall'});
    this.drawing = svg('svg', {role: 'img', 'aria-label': 'The soles seen from above'}, ...this.soles, ...this.dots, this.fall);
    this.note = html('p', {class: 'soft'}, 'Seen from above, toes up. Dots: where each foot presses, larger where it bears more. Cross: where the weight falls.');
    this.share = html('p');
    element.append(html('h2', {}, 'Under the feet'), this.drawing, this.share, this.note);
  }

  show(posture) {
    const {view} = this;
    const {data, pose} = view;
    this.drawing.style.display = pose.exists ? '' : 'none';
    this.share.textContent = '';
    if (!pose.exists) return;
    const places = [];
    const flat = ([x, , z]) => { places.push([z, -x]); return [z, -x]; };
    view.body.soles.forEach(({on, outline}, i) => {
      this.soles[i].setAttribute('points', outline.map((at) => flat(pose.toGround(on, at)).map((own) => own.toFixed(4)).join(',')).join(' '));
    });
    const loads = this.dots.map((dot, i) => {
      const at = [0, 1, 2].map((k) => data.value('center_of_pressure', 3 * i + k, posture));
      const load = data.value('ground_force', 3 * i + 1, posture);
      dot.style.display = Number.isFinite(at[0]) ? '' : 'none';
      if (Number.isFinite(at[0])) {
        const [x, y] = flat(at);
        fill(dot, {cx: x.toFixed(4), cy: y.toFixed(4), r: (0.004 + 0.016 * Math.sqrt(Math.max(load, 0) / data.header.weight)).toFixed(4)}, []);
      }
      const foot = data.header.feet[i];
      return view.body.segments.includes(`calcn_${foot[0]}`) ? `${foot} foot ${told(load, 0)} N upward` : `no ${foot} foot`;
    });
    const [x, y] = flat([0, 1, 2].map((k) => data.value('centre', k, posture) * data.header.steps.place));
    this.fall.setAttribute('d', `M${x - 0.014},${y}h.028M${x},${y - 0.014}v.028`);
    const ends = [0, 1].map((k) => places.map((own) => own[k])).map((own) => [Math.min(...own) - 0.03, Math.max(...own) + 0.03]);
    this.drawing.setAttribute('viewBox', `${ends[0][0]} ${ends[1][0]} ${ends[0][1] - ends[0][0]} ${ends[1][1] - ends[1][0]}`);
    if (loads.length) this.share.textContent = `${capital(loads.join(', '))}.`;
  }
}

// How a number changes along a slider, the others as they are.
class Trend {
  constructor(element, data, quantities, move) {
    Object.assign(this, {data, quantities, move});
    this.dims = data.header.dims.map((dim, d) => ({dim, d})).filter(({dim}) => dim.kind === 'slider' && dim.labels.length > 1);
    if (!this.dims.length || !quantities.length) return;
    const choose = (label, options) => {
      const select = html('select', {'aria-label': label}, ...options.map((own, i) => html('option', {value: i}, own)));
      select.addEventListener('change', () => this.show(this.indices));
      return select;
    };
    this.what = choose('What is drawn', quantities.map(({title}) => title));
    this.what.value = Math.max(0, data.header.groups.findIndex(({name}) => name === 'lumbar_extensors'));
    this.along = choose('Along which slider', this.dims.map(({dim}) => `along: ${dim.title}`));
    this.drawing = svg('svg', {role: 'img', height: 250});
    this.wide = 560;
    new ResizeObserver(([{contentRect}]) => {
      if (!contentRect.width || Math.abs(contentRect.width - this.wide) < 1) return;
      this.wide = contentRect.width;
      if (this.indices) this.show(this.indices);
    }).observe(this.drawing);
    this.note = html('p', {class: 'soft'});
    element.append(html('h2', {}, 'How it changes'), html('div', {class: 'pick'}, this.what, this.along), this.drawing, this.note);
    this.drawing.addEventListener('click', (event) => this.click(event));
  }

  show(indices) {
    this.indices = indices;
    if (!this.drawing) return;
    const {dim, d} = this.dims[Number(this.along.value)];
    const {of, unit, digits, title} = this.quantities[Number(this.what.value)];
    const places = dim.labels.map((_, i) => (dim.values && dim.values[i] !== null ? dim.values[i] : i));
    const points = dim.labels.map((label, i) => {
      const posture = this.data.posture(indices.map((own, k) => (k === d ? i : own)));
      return {x: places[i], y: of(posture), held: this.data.isHeld(posture), sure: this.data.isTrusted(posture), i};
    });
    const good = points.filter(({held, y}) => held && Number.isFinite(y));
    const top = niceLimit(Math.max(...good.map(({y}) => y), 0));
    const bottom = Math.min(0, ...good.map(({y}) => y));
    const [least, most] = [Math.min(...places), Math.max(...places)];
    const right = this.wide - 12;
    const x = (own) => 52 + ((right - 52) * (own - least)) / (most - least || 1);
    const y = (own) => 205 - (185 * (own - bottom)) / (top - bottom || 1);
    this.scale = {x, points, d};
    const parts = [];
    for (const own of [bottom, (top + bottom) / 2, top]) {
      parts.push(svg('line', {class: 'axis', x1: 52, x2: right, y1: y(own), y2: y(own)}),
        svg('text', {x: 46, y: y(own) + 4, 'text-anchor': 'end'}, told(own, own % 1 ? 1 : 0)));
    }
    for (const [i, anchor] of [[0, 'start'], [dim.labels.length - 1, 'end']]) {
      parts.push(svg('text', {x: x(places[i]), y: 226, 'text-anchor': anchor}, `${dim.labels[i]} ${dim.unit}`.replace(' °', '°')));
    }
    parts.push(svg('text', {x: (52 + right) / 2, y: 243, 'text-anchor': 'middle'}, dim.title));
    // bodies that were drawn have no order: no line leads from one to the next; nor to what cannot be held
    const isTold = (own) => own && own.held && Number.isFinite(own.y);
    const joins = (i) => !['body', 'sample'].includes(dim.name) && isTold(points[i]) && isTold(points[i + 1]);
    for (let i = 0; i < points.length; i += 1) {
      const [a, b] = [points[i], points[i + 1]];
      if (isTold(a) && !joins(i) && !joins(i - 1)) {
        parts.push(svg('circle', {class: a.sure ? 'point' : 'point outside', cx: x(a.x), cy: y(a.y), r: 3.5}));
      } else if (joins(i)) {
        parts.push(svg('path', {class: a.sure && b.sure ? 'curve' : 'curve outside', d: `M${x(a.x)},${y(a.y)}L${x(b.x)},${y(b.y)}`}));
      }
    }
    for (const own of points.filter(({held}) => !held)) {
      parts.push(svg('path', {class: 'cross', d: `M${x(own.x) - 4},${y(bottom) - 4}l8,8m0,-8l-8,8`}));
    }
    const now = points[indices[d]];
    parts.push(svg('line', {class: 'now', x1: x(now.x), x2: x(now.x), y1: 16, y2: 205}));
    if (now.held && Number.isFinite(now.y)) parts.push(svg('circle', {class: 'dot', cx: x(now.x), cy: y(now.y), r: 6}));
    this.drawing.setAttribute('viewBox', `0 0 ${this.wide} 250`);
    this.drawing.replaceChildren(...parts);
    this.drawing.setAttribute('aria-label', `${title} along ${dim.title}; now ${told(now.held ? now.y : NaN, digits)} ${unit}`);
    const lost = points.filter(({held}) => !held).length;
    const outside = good.filter(({sure}) => !sure).length;
    this.note.textContent = `In ${unit}.${lost ? ` Crosses: ${lost} postures that cannot be held.` : ''}${outside ? ' Dashed or hollow: outside the trusted geometry.' : ''}`;
  }

  // A click takes the slider there.
  click(event) {
    const box = this.drawing.getBoundingClientRect();
    const at = ((event.clientX - box.left) * this.wide) / box.width;
    const gap = (own) => Math.abs(this.scale.x(own.x) - at);
    const nearest = this.scale.points.reduce((best, own) => (gap(own) < gap(best) ? own : best));
    this.move(this.scale.d, nearest.i);
  }
}
