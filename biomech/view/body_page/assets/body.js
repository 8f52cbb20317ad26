// The body in three dimensions: what a posture looks like, and which forces act on it.

// A posture's segments and angles.
class Pose {
  constructor(data) {
    this.data = data;
    this.steps = data.header.steps;
    const count = data.header.body.segments.length;
    this.places = Array.from({length: count}, () => new THREE.Vector3());
    this.turns = Array.from({length: count}, () => new THREE.Quaternion());
    this.matrices = Array.from({length: count}, () => new THREE.Matrix4());
    this.posture = 0;
  }

  set(posture) {
    this.posture = posture;
    const read = (name, column) => this.data.value(name, column, posture);
    const one = new THREE.Vector3(1, 1, 1);
    this.exists = Number.isFinite(read('place', 0));
    if (!this.exists) return;
    this.places.forEach((place, s) => {
      place.set(...[0, 1, 2].map((k) => read('place', 3 * s + k) * this.steps.place));
      this.turns[s].set(...[0, 1, 2, 3].map((k) => read('turn', 4 * s + k))).normalize();
      this.matrices[s].compose(place, this.turns[s], one);
    });
  }

  read(name, column) { return this.data.value(name, column, this.posture); }

  // The i-th of the places that are told posture by posture, in its segment's axes.
  place(name, i) { return [0, 1, 2].map((axis) => this.read(name, 3 * i + axis) * this.steps.place); }

  angle(coordinate) { return this.data.value('angle', coordinate, this.posture) * this.steps.angle; }

  // From a segment's axes to the ground; -1 is the ground.
  toGround(segment, at) {
    if (segment < 0) return at;
    const m = this.matrices[segment].elements;
    return [0, 1, 2].map((k) => m[k] * at[0] + m[4 + k] * at[1] + m[8 + k] * at[2] + m[12 + k]);
  }

  vector(segment, at) { return new THREE.Vector3(...this.toGround(segment, at)); }

  direction(segment, own) { return new THREE.Vector3(...own).applyQuaternion(this.turns[segment]); }
}

// An arrow of a force.
class Arrow {
  constructor(material, thickness) {
    this.thickness = thickness;
    this.shaft = new THREE.Mesh(new THREE.CylinderGeometry(1, 1, 1, 14), material);
    this.head = new THREE.Mesh(new THREE.CylinderGeometry(0, 1, 1, 18), material);
    this.group = new THREE.Group();
    this.group.add(this.shaft, this.head);
  }

  point(from, to) {
    const along = to.clone().sub(from);
    const length = along.length();
    this.group.visible = length > 0.004;
    if (!this.group.visible) return;
    const head = Math.min(0.06, 0.5 * length);
    const neck = to.clone().addScaledVector(along, -head / length);
    layBetween(this.shaft, from, neck, this.thickness);
    layBetween(this.head, neck, to, 2.6 * this.thickness);
  }
}

const VIEWS = {start: [1.9, 0.42, 2.35], front: [3.1, 0.12, 0], side: [0, 0.12, 3.1], back: [-3.1, 0.12, 0]};

class BodyView {
  constructor(element, data) {
    this.element = element;
    this.data = data;
    this.body = data.header.body;
    this.pose = new Pose(data);
    this.dirty = true;
    this.renderer = this.makeRenderer();
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(30, 1, 0.05, 60);
    this.addLights();
    this.addFigure();
    this.addForces();
    this.addFloor();
    this.controls = new THREE.OrbitControls(this.camera, this.renderer?.domElement ?? element);
    this.controls.enableDamping = false;
    this.controls.minDistance = 0.5;
    this.controls.maxDistance = 12;
    this.controls.addEventListener('change', () => this.redraw());
    this.unit = this.scaleOf(data);
    this.keys();
    new ResizeObserver(() => this.resize()).observe(element);
  }

  // Where nothing can be drawn in three dimensions, that is said; numbers and words stay.
  makeRenderer() {
    try {
      const renderer = new THREE.WebGLRenderer({antialias: true, alpha: true});
      renderer.setPixelRatio(Math.min(window.devicePixelRatio || 1, 2));
      this.element.prepend(renderer.domElement);
      return renderer;
    } catch {
      this.element.append(html('p', {class: 'soft nothing'}, 'This browser cannot draw in three dimensions (WebGL). The numbers are all here.'));
      return null;
    }
  }

  addLights() {
    this.sky = new THREE.HemisphereLight(0xffffff, 0x8d8579, 2.2);
    this.sun = new THREE.DirectionalLight(0xffffff, 1.5);
    this.sun.position.set(2.5, 4, 2);
    this.scene.add(this.sky, this.sun);
  }

  addFigure() {
    this.skin = makeSkin();
    const depth = makeSkinDepth();
    this.bone = new THREE.MeshLambertMaterial();
    this.figure = new THREE.Group();
    this.scene.add(this.figure);
    this.parts = this.body.skin.map((part) => {
      const mesh = skinMesh(loft(part), this.skin, depth);
      mesh.matrixAutoUpdate = false;
      this.figure.add(mesh);
      return [mesh, this.body.segments.indexOf(part.segment)];
    });
    for (const bone of this.body.bones) this.addBone(bone);
    if (this.body.arms) {
      this.arms = this.body.arms.shoulders.map(() => new Arm(this.body.arms.lengths, this.skin, depth));
      for (const arm of this.arms) this.figure.add(arm.group);
    }
    this.muscles = new Muscles(this.body);
    this.figure.add(this.muscles.group);
    this.ring = new THREE.Group();
    this.figure.add(this.ring);
  }

  addBone({segment, from, to, radius}) {
    const group = new THREE.Group();
    group.matrixAutoUpdate = false;
    const [a, b] = [new THREE.Vector3(...from), new THREE.Vector3(...to)];
    const shaft = new THREE.Mesh(new THREE.CylinderGeometry(1, 1, 1, 12), this.bone);
    layBetween(shaft, a, b, radius);
    group.add(shaft);
    for (const end of [a, b]) {
      const knob = new THREE.Mesh(new THREE.SphereGeometry(radius > 0.01 ? 1.7 * radius : radius, 16, 12), this.bone);
      knob.position.copy(end);
      group.add(knob);
    }
    this.figure.add(group);
    this.parts.push([group, this.body.segments.indexOf(segment)]);
  }

  addForces() {
    const lambert = () => new THREE.MeshLambertMaterial();
    [this.groundPaint, this.jointPaint, this.weightPaint, this.warnPaint] = [lambert(), lambert(), lambert(), lambert()];
    const arrows = (count, paint, thickness) => Array.from({length: count}, () => {
      const arrow = new Arrow(paint, thickness);
      this.scene.add(arrow.group);
      return arrow;
    });
    this.groundArrows = arrows(this.data.has('ground_force') ? this.data.header.feet.length : 0, this.groundPaint, 0.0085);
    this.seatArrow = this.data.has('seat_force') ? arrows(1, this.groundPaint, 0.0085)[0] : null;
    this.jointArrows = arrows(this.data.has('joint_contact_force') ? this.body.joints.length : 0, this.jointPaint, 0.0075);
    [this.scaleArrow] = arrows(1, this.groundPaint, 0.005);
    this.dashes = new THREE.InstancedMesh(new THREE.CylinderGeometry(0.0035, 0.0035, 1, 8), this.weightPaint, 40);
    this.dashes.frustumCulled = false;
    this.centre = new THREE.Mesh(new THREE.SphereGeometry(0.022, 20, 14), this.weightPaint);
    this.scene.add(this.dashes, this.centre);
  }

  addFloor() {
    this.floorPaint = new THREE.ShaderMaterial({
      transparent: true,
      depthWrite: false,
      uniforms: {ink: {value: new THREE.Color()}, middle: {value: new THREE.Vector3()}},
      vertexShader: 'varying vec2 at; void main() { at = position.xz; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }',
      fragmentShader: `
        uniform vec3 ink; uniform vec3 middle; varying vec2 at;
        void main() {
          float away = length(at - middle.xz);
          vec2 cell = abs(fract(at / 0.25 + 0.5) - 0.5) * 0.25 / max(fwidth(at), vec2(1e-6));
          float line = (1.0 - min(min(cell.x, cell.y), 1.0)) * 0.22;
          float shadow = 0.34 * exp(-away * away / 0.045);
          gl_FragColor = vec4(ink * line / (line + shadow + 1e-4), (line + shadow) * smoothstep(1.1, 0.45, away));
          #include <colorspace_fragment>
        }`,
    });
    const plane = new THREE.PlaneGeometry(5, 5);
    plane.rotateX(-Math.PI / 2);
    this.floor = new THREE.Mesh(plane, this.floorPaint);
    this.floor.renderOrder = -1;
    this.scene.add(this.floor);
    this.blockPaint = new THREE.MeshLambertMaterial({transparent: true, opacity: 0.35});
    this.blocks = [0, 1, 2].map(() => {
      const block = new THREE.Mesh(new THREE.CylinderGeometry(Math.SQRT1_2, Math.SQRT1_2, 1, 4, 1), this.blockPaint);
      block.geometry.rotateY(Math.PI / 4);
      block.visible = false;
      this.scene.add(block);
      return block;
    });
    this.soles = this.body.soles.map(() => {
      const outline = new THREE.LineLoop(new THREE.BufferGeometry(), new THREE.LineBasicMaterial());
      outline.frustumCulled = false;
      this.scene.add(outline);
      return outline;
    });
  }

  // Colours of the theme, as the style sheet has them.
  paint() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => new THREE.Color(style.getPropertyValue(`--${name}`).trim());
    this.stops = ['m0', 'm1', 'm2', 'm3'].map(colour);
    this.skin.uniforms.colour.value = colour('skin');
    this.skin.uniforms.warning.value = colour('warn');
    this.bone.color = colour('bone');
    this.groundPaint.color = colour('ground');
    this.jointPaint.color = colour('joint');
    this.weightPaint.color = colour('weight');
    this.warnPaint.color = colour('warn');
    this.floorPaint.uniforms.ink.value = colour('soft');
    this.blockPaint.color = colour('soft');
    for (const sole of this.soles) sole.material.color = colour('ink');
    this.show(this.posture ?? 0);
  }

  // Another answer of the same body.
  use(data) {
    this.data = data;
    this.pose.data = data;
    this.unit = this.scaleOf(data);
  }

  // Metres of an arrow for a newton: as large as the largest force of the answer allows.
  scaleOf(data) {
    const {joint_contact_force: joints = 0, ground_force: ground = 0} = data.header.largest;
    return Math.min(0.45 / data.header.weight, 0.8 / Math.max(joints, ground, 1e-9));
  }

  show(posture) {
    this.posture = posture;
    this.pose.set(posture);
    this.moved = true;
    this.redraw();
  }

  // The picture is drawn with the screen's next one, however often something changes before.
  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.waiting = false;
    if (this.moved) this.update();
    this.moved = false;
    this.renderer?.render(this.scene, this.camera);
    this.onDrawn?.();
  }

  update() {
    const {pose, data, posture} = this;
    const everything = [this.figure, this.centre, this.dashes, ...this.soles, ...this.blocks,
      ...[...this.groundArrows, ...this.jointArrows, this.seatArrow, this.scaleArrow].filter(Boolean).map((own) => own.group)];
    for (const own of everything) own.visible = pose.exists;
    if (!pose.exists) return;
    const held = data.isHeld(posture);
    this.skin.uniforms.stripes.value = held ? 0 : 1;
    for (const [mesh, segment] of this.parts) {
      mesh.matrix.copy(pose.matrices[segment]);
      mesh.matrixWorldNeedsUpdate = true;
    }
    this.placeArms();
    const activation = (m) => (data.has('activation') ? data.value('activation', m, posture) / 100 : 0);
    const read = (m) => (activation(m) > 2.54 ? NaN : activation(m));
    this.muscles.update(pose, read, (t) => (held ? rampColour(this.stops, t) : this.stops[0]));
    this.placeForces();
    this.placeWeight();
    this.placeFloor();
    // forces of a posture that nobody can hold are no answer
    if (data.status(posture) === 1) for (const own of [...this.groundArrows, ...this.jointArrows, this.scaleArrow]) own.group.visible = false;
    this.markUntrusted();
    this.follow();
  }

  placeArms() {
    if (!this.arms) return;
    const {pose} = this;
    const how = this.data.value('arms', 0, this.posture);
    const torso = this.body.segments.indexOf('torso');
    const back = pose.direction(torso, [-1, -0.25, 0]);
    this.arms.forEach((arm, i) => {
      const at = this.body.arms.shoulders[i];
      const outward = Math.sign(at[2]);
      const shoulder = pose.vector(torso, at);
      const [upper, fore] = this.body.arms.lengths;
      let goal = shoulder.clone().add(new THREE.Vector3(0.05, -0.985 * (upper + fore), 0.03 * outward));
      if (how === 1) goal = pose.vector(torso, [at[0] + 0.05, at[1] - 0.985 * (upper + fore), at[2] + 0.03 * outward]);
      const thigh = this.body.arms.thighs[i];
      if (how === 2 && thigh) {
        goal = pose.vector(this.body.segments.indexOf(thigh.segment), thigh.at);
      }
      arm.place(shoulder, goal, back.clone().add(pose.direction(torso, [0, 0, 0.5 * outward])));
    });
  }

  placeForces() {
    const {pose, data, posture} = this;
    const force = (name, i) => new THREE.Vector3(...[0, 1, 2].map((k) => data.value(name, 3 * i + k, posture))).multiplyScalar(this.unit);
    this.groundArrows.forEach((arrow, i) => {
      const from = new THREE.Vector3(...[0, 1, 2].map((k) => data.value('center_of_pressure', 3 * i + k, posture)));
      arrow.group.visible = Number.isFinite(from.x);
      if (arrow.group.visible) arrow.point(from, from.clone().add(force('ground_force', i)));
    });
    this.jointArrows.forEach((arrow, i) => {
      const {on, axes} = this.body.joints[i];
      const push = force('joint_contact_force', i);
      arrow.group.visible = Number.isFinite(push.x);
      if (!arrow.group.visible) return;
      const to = pose.places[on];
      arrow.point(to.clone().sub(push.applyQuaternion(pose.turns[axes])), to);
    });
    if (this.seatArrow) {
      const seat = this.seatPlace();
      const push = force('seat_force', 0);
      this.seatArrow.group.visible = Boolean(seat) && push.length() > 1e-3;
      if (this.seatArrow.group.visible) this.seatArrow.point(seat, seat.clone().add(push));
    }
  }

  // The middle of what of the pelvis touches a seat.
  seatPlace() {
    const pelvis = this.body.segments.indexOf('pelvis');
    const own = this.body.seat.filter(({on}) => on === pelvis).flatMap(({on, outline}) => outline.map((at) => this.pose.vector(on, at)));
    if (!own.length) return null;
    return own.reduce((sum, at) => sum.add(at), new THREE.Vector3()).divideScalar(own.length);
  }

  placeWeight() {
    const {data, posture} = this;
    const at = new THREE.Vector3(...[0, 1, 2].map((k) => data.value('centre', k, posture) * data.header.steps.place));
    this.fall = at.clone();
    this.centre.position.copy(at);
    const step = 0.036;
    const matrix = new THREE.Matrix4();
    const ground = this.groundHeight(at.x, at.z);
    this.dashes.count = Math.max(0, Math.min(40, Math.floor((at.y - ground) / step)));
    for (let i = 0; i < this.dashes.count; i += 1) {
      matrix.makeScale(1, 0.6 * step, 1).setPosition(at.x, ground + (i + 0.5) * step, at.z);
      this.dashes.setMatrixAt(i, matrix);
    }
    this.dashes.instanceMatrix.needsUpdate = true;
  }

  // The floor's normal: uphill along x, its right side lower.
  floorNormal() {
    const [uphill, across] = [0, 1].map((k) => (this.data.value('floor', k, this.posture) || 0) * 0.01 * (Math.PI / 180));
    return new THREE.Vector3(-Math.tan(uphill), 1, Math.tan(across)).normalize();
  }

  groundHeight(x, z) {
    const normal = this.floorNormal();
    return -(normal.x * x + normal.z * z) / normal.y;
  }

  placeFloor() {
    const {pose} = this;
    const normal = this.floorNormal();
    this.floor.quaternion.setFromUnitVectors(UP, normal);
    this.floor.visible = true;
    const {x, z} = this.fall;
    this.floorPaint.uniforms.middle.value.set(x, this.groundHeight(x, z), z).applyQuaternion(this.floor.quaternion.clone().invert());
    const outlines = this.body.soles.map(({on, outline}) => outline.map((at) => pose.vector(on, at)));
    outlines.forEach((outline, i) => {
      this.soles[i].geometry.setFromPoints(outline.map((at) => at.clone().addScaledVector(normal, 0.003)));
    });
    for (const block of this.blocks) block.visible = false;
    outlines.forEach((outline, i) => this.placeStep(outline, this.blocks[i], i));
    this.placeSeat();
    const scale = this.data.header.weight * this.unit;
    const left = this.fall.clone().add(new THREE.Vector3(-0.05, 0, -0.5));
    left.y = this.groundHeight(left.x, left.z);
    this.scaleArrow.point(left, left.clone().setY(left.y + scale));
    this.scaleAt = left.clone().setY(left.y + 0.5 * scale);
  }

  // Under a foot that stands above the floor there is a step.
  placeStep(outline, block, i) {
    const heights = outline.map((at) => at.y - this.groundHeight(at.x, at.z));
    const stands = this.data.has('ground_force') && i < this.data.header.feet.length && this.data.force('ground_force', i, this.posture) > 1;
    if (!block || !stands || Math.min(...heights) < 0.02) return;
    const middle = outline.reduce((sum, at) => sum.add(at), new THREE.Vector3()).divideScalar(outline.length);
    const floor = this.groundHeight(middle.x, middle.z);
    const top = Math.min(...outline.map((at) => at.y)) - 0.002;
    this.layBlock(block, middle.x, middle.z, floor, top, 0.32, 0.16);
  }

  placeSeat() {
    if (!this.seatArrow || !this.seatArrow.group.visible) return;
    const at = this.seatPlace();
    this.layBlock(this.blocks[2], at.x + 0.06, at.z, this.groundHeight(at.x, at.z), at.y - 0.002, 0.42, 0.46);
  }

  layBlock(block, x, z, bottom, top, deep, wide) {
    block.visible = true;
    block.position.set(x, (bottom + top) / 2, z);
    block.scale.set(deep, top - bottom, wide);
  }

  // Joints that are outside of the range in which the geometry is trusted.
  untrusted() {
    if (!this.pose.exists || this.data.isTrusted(this.posture)) return [];
    return this.body.trusted.map(([low, high], c) => ({c, low, high, angle: this.pose.angle(c)}))
      .filter(({c, low, high, angle}) => this.body.turns[c] && (angle < low - 0.05 || angle > high + 0.05));
  }

  markUntrusted() {
    const found = this.untrusted();
    while (this.ring.children.length < found.length) {
      this.ring.add(new THREE.Mesh(new THREE.TorusGeometry(0.085, 0.008, 10, 36), this.warnPaint));
    }
    this.ring.children.forEach((ring, i) => {
      ring.visible = i < found.length;
      if (ring.visible) ring.position.copy(this.pose.places[this.body.moves[found[i].c]]);
    });
  }

  // The camera looks at the middle of the body; it follows where that goes.
  follow() {
    const [low, high] = [this.groundHeight(this.fall.x, this.fall.z), this.headHeight()];
    const target = new THREE.Vector3(this.fall.x, (low + high) / 2 + 0.04, this.fall.z);
    if (!this.target) {
      this.target = target;
      this.look('start');
      return;
    }
    const step = target.clone().sub(this.controls.target);
    if (step.length() < 0.02) return;
    this.controls.target.add(step);
    this.camera.position.add(step);
    this.target = target;
    this.controls.update();
  }

  headHeight() {
    const torso = this.body.segments.indexOf('torso');
    return torso < 0 ? this.fall.y + 0.8 : this.pose.toGround(torso, [0.03, 0.74, 0])[1];
  }

  look(from) {
    if (!this.target) return;
    const distance = 0.5 / this.camera.aspect; // a narrow stage is seen from further away
    this.controls.target.copy(this.target);
    const way = new THREE.Vector3(...VIEWS[from]);
    this.camera.position.copy(this.target).addScaledVector(way.normalize(), 4 * Math.max(1, distance));
    this.controls.update();
    this.redraw();
  }

  keys() {
    const turn = (around, over) => {
      const offset = this.camera.position.clone().sub(this.controls.target);
      const radius = offset.length();
      const polar = Math.min(Math.max(Math.acos(offset.y / radius) + over, 0.05), Math.PI - 0.05);
      const heading = Math.atan2(offset.x, offset.z) + around;
      offset.set(radius * Math.sin(polar) * Math.sin(heading), radius * Math.cos(polar), radius * Math.sin(polar) * Math.cos(heading));
      this.camera.position.copy(this.controls.target).add(offset);
      this.controls.update();
    };
    const zoom = (factor) => {
      const offset = this.camera.position.clone().sub(this.controls.target);
      offset.setLength(Math.min(Math.max(offset.length() * factor, 0.5), 12));
      this.camera.position.copy(this.controls.target).add(offset);
      this.controls.update();
    };
    const actions = {
      ArrowLeft: () => turn(-0.12, 0), ArrowRight: () => turn(0.12, 0), ArrowUp: () => turn(0, -0.1), ArrowDown: () => turn(0, 0.1),
      '+': () => zoom(0.88), '=': () => zoom(0.88), '-': () => zoom(1 / 0.88), 0: () => this.look('start'), Home: () => this.look('start'),
    };
    this.element.addEventListener('keydown', (event) => {
      if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      actions[event.key]();
    });
  }

  toScreen(at) {
    const {clientWidth, clientHeight} = this.element;
    const seen = new THREE.Vector3(...at).project(this.camera);
    return [(seen.x + 1) * 0.5 * clientWidth, (1 - seen.y) * 0.5 * clientHeight];
  }

  resize() {
    const {clientWidth, clientHeight} = this.element;
    if (!clientWidth || !clientHeight) return;
    const first = !this.sized;
    this.sized = true;
    this.camera.aspect = clientWidth / clientHeight;
    this.camera.updateProjectionMatrix();
    this.renderer?.setSize(clientWidth, clientHeight);
    if (first) this.look('start');
    this.draw();
  }
}
