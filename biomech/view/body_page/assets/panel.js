// The panel: controls of the dimensions, and the words and numbers of a posture.

const withUnit = (text, unit) => (text === '–' ? text : unit === '°' ? `${text}°` : `${text} ${unit}`.trim());

// A slider or a choice for every dimension; calls back with the place that was chosen along it.
class Controls {
  constructor(element, dims, start, choose) {
    this.parts = dims.map((dim, d) => {
      const part = dim.kind === 'slider' ? this.slider(dim, d, choose) : this.choice(dim, d, choose);
      element.append(part.element);
      part.set(start[d]);
      return part;
    });
    if (!dims.length) element.append(html('p', {}, 'One posture: nothing was swept.'));
  }

  slider(dim, d, choose) {
    const id = `dim-${d}`;
    const output = html('output', {for: id});
    const input = html('input', {type: 'range', id, min: 0, max: dim.labels.length - 1, step: 1, 'data-dim': dim.name});
    const text = (i) => withUnit(dim.labels[i], dim.unit);
    const set = (i) => {
      input.value = i;
      output.textContent = text(i);
      input.setAttribute('aria-valuetext', text(i));
    };
    input.addEventListener('input', () => { set(Number(input.value)); choose(d, Number(input.value)); });
    const ends = html('div', {class: 'ends', 'aria-hidden': 'true'}, html('span', {}, text(0)), html('span', {}, text(dim.labels.length - 1)));
    return {element: html('div', {class: 'control'}, html('label', {for: id}, capital(dim.title), output), input, ends), set};
  }

  choice(dim, d, choose) {
    const inputs = dim.labels.map((label, i) => {
      const input = html('input', {type: 'radio', name: `dim-${d}`, value: i, 'data-dim': dim.name});
      input.addEventListener('change', () => choose(d, i));
      return input;
    });
    const labels = inputs.map((input, i) => html('label', {}, input, html('span', {}, withUnit(dim.labels[i], dim.unit))));
    const element = html('div', {class: 'control'}, html('div', {class: 'name', id: `name-${d}`}, capital(dim.title)),
      html('div', {class: 'choice', role: 'radiogroup', 'aria-labelledby': `name-${d}`}, ...labels));
    return {element, set: (i) => { inputs[i].checked = true; }};
  }
}

// Whether a posture can be held and what was proven, in words.
class Certificate {
  constructor(element, view) {
    Object.assign(this, {element, view, data: view.data});
    this.title = html('h2');
    this.text = html('p');
    this.more = html('p', {class: 'soft'});
    element.append(this.title, this.text, this.more);
  }

  shortfall(posture) {
    const at = this.data.value('short_at', 0, posture);
    if (!(at >= 0)) return '';
    const missing = this.data.value('short', 0, posture);
    const unit = this.view.body.turns[at] ? 'N·m' : 'N';
    return `${told(Math.abs(missing), 1)} ${unit} are missing at: ${this.data.header.coordinates[at]}.`;
  }

  limit(posture) {
    const at = this.data.value('limiting', 0, posture);
    return at >= 0 ? `${this.data.header.body.muscles[at].name} is at its full strength.` : '';
  }

  outside() {
    return this.view.untrusted().map(({c, low, high, angle}) =>
      `${this.data.header.coordinates[c]} ${told(angle, 1)}° (trusted from ${told(low, 0)}° to ${told(high, 0)}°)`).join('; ');
  }

  show(posture) {
    const {data} = this;
    const status = data.status(posture);
    const {title, text} = data.header.statuses[status];
    const trusted = data.isTrusted(posture);
    this.element.classList.toggle('bad', status !== 0);
    this.element.classList.toggle('doubt', status === 0 && !trusted);
    this.element.dataset.status = status;
    this.title.textContent = status === 0 && !trusted ? `${title}, but outside the trusted geometry` : title;
    const outside = trusted ? '' : ` The model's bones and muscle paths are not trusted here${this.outside() ? `: ${this.outside()}` : ''}. Take the numbers with care.`;
    this.text.textContent = [text, this.shortfall(posture), this.limit(posture)].filter(Boolean).join(' ') + outside;
    const proof = [];
    const number = (name, words) => {
      const value = data.has(name) ? data.value(name, 0, posture) : NaN;
      if (Number.isFinite(value)) proof.push(`${words} ${power(value)}`);
    };
    number('equilibrium_residual', 'largest error of balance, as a share of what is asked:');
    if (status === 0) number('duality_gap', 'most that another sharing could save, as a share:');
    this.more.textContent = proof.length ? `${capital(proof.join('; '))}.` : '';
  }

  // What is said on the body itself.
  badge(posture) {
    const status = this.data.status(posture);
    if (status !== 0) return [this.data.header.statuses[status].title, this.shortfall(posture)];
    return this.data.isTrusted(posture) ? null : ['Outside the trusted geometry', this.outside()];
  }
}

// Lines of terms and what they are.
const termList = (lines) => html('dl', {}, ...lines.flatMap(([term, value]) => [html('dt', {}, term), html('dd', {}, value)]));

// What else is told of a posture: angles that were found, and how; both sides where they have their own.
class PostureLines {
  constructor(element, data) {
    this.data = data;
    this.lines = data.header.told.map((line) => ({...line, cells: line.sides.map(() => html('span'))}));
    if (!this.lines.length) return;
    const values = ({cells, sides}) => cells.flatMap((cell, i) => [i ? ', ' : '', sides[i] ? `${sides[i]} ` : '', cell]);
    element.append(html('h2', {}, 'The posture'),
      html('dl', {}, ...this.lines.flatMap((line) => [html('dt', {}, line.title), html('dd', {'data-of': line.name}, ...values(line))])));
  }

  show(posture) {
    const read = (name, column) => this.data.value(name, Math.min(column, this.data.width(name) - 1), posture);
    for (const {name, unit, digits, how, words, cells} of this.lines) {
      cells.forEach((cell, column) => {
        const text = withUnit(told(read(name, column), digits), unit);
        const found = how ? words[read(how, column)] : '';
        cell.textContent = found ? `${text} (${found})` : text;
      });
    }
  }
}

// Every muscle; filled in only while it is open.
class MuscleTable {
  constructor(element, data) {
    Object.assign(this, {element, data});
    this.cells = data.header.body.muscles.map(() => html('td', {class: 'number'}));
    const plain = Object.fromEntries(data.header.groups.map(({name, title}) => [name, title]));
    element.append(html('table', {}, html('caption', {}, 'Percent of full strength'),
      html('thead', {}, html('tr', {}, ...['muscle', 'side', 'groups'].map((own) => html('th', {scope: 'col'}, own)), html('th', {scope: 'col', class: 'number'}, '%'))),
      html('tbody', {}, ...data.header.body.muscles.map(({name, side, groups}, i) => html('tr', {},
        html('th', {scope: 'row'}, name), html('td', {}, side), html('td', {}, groups.map((own) => plain[own] ?? own).join(', ')), this.cells[i])))));
    element.addEventListener('toggle', () => this.show(this.posture ?? 0));
  }

  show(posture) {
    this.posture = posture;
    if (!this.element.open) return;
    this.cells.forEach((cell, i) => {
      const percent = this.data.value('activation', i, posture);
      cell.textContent = percent < 255 ? String(percent) : '–';
    });
  }
}
