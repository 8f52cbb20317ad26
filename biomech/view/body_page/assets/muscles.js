// Muscles: every path a chain of tubes, whose colour and width are the activation.

const REST_RADIUS = 0.0022;
const FULL_RADIUS = 0.0125;

// Small activations differ most where people stand: colour and width follow the root.
const shade = (activation) => Math.sqrt(Math.min(Math.max(activation, 0), 1));

// From rest to full strength, between four colours: what works at all leaves the grey of rest at once.
const RAMP = [0, 0.14, 0.5, 1];
const rampColour = (stops, t) => {
  const i = t < RAMP[1] ? 0 : t < RAMP[2] ? 1 : 2;
  return stops[i].clone().lerp(stops[i + 1], Math.min(Math.max((t - RAMP[i]) / (RAMP[i + 1] - RAMP[i]), 0), 1));
};

class Muscles {
  constructor(body) {
    this.muscles = body.muscles;
    this.onArc = body.onArc || 0;
    const most = this.muscles.reduce((sum, own) => sum + own.points.length + this.onArc * (own.wraps || []).length, 0);
    const material = new THREE.MeshLambertMaterial();
    this.tubes = new THREE.InstancedMesh(new THREE.CylinderGeometry(1, 1, 1, 10, 1, true), material, most);
    this.knots = new THREE.InstancedMesh(new THREE.SphereGeometry(1, 10, 8), material, most);
    this.group = new THREE.Group();
    for (const mesh of [this.tubes, this.knots]) {
      mesh.frustumCulled = false;
      mesh.setColorAt(0, new THREE.Color());
      this.group.add(mesh);
    }
    this.ends = new Float32Array(6 * most);
    this.owner = new Int32Array(most);
    this.count = 0;
  }

  // Where a point is: on its segment, or sliding there with an angle, or wherever the posture has it.
  locate(point, pose) {
    if (point.moved !== undefined) return pose.toGround(point.on, pose.place('moved', point.moved));
    if (!point.slide) return pose.toGround(point.on, point.at);
    const [first, step, places] = point.slide;
    const along = Math.min(Math.max((pose.angle(point.by) - first) / step, 0), places.length - 1.001);
    const i = Math.floor(along);
    return pose.toGround(point.on, places[i].map((own, k) => own + (along - i) * (places[i + 1][k] - own)));
  }

  // A point that acts in a range of an angle only is passed over outside of it.
  acts(point, pose) {
    if (point.from === undefined) return true;
    const angle = pose.angle(point.by);
    return angle >= point.from && angle <= point.to;
  }

  // Points of a path in their order, in the ground: those on segments, and those on what it wraps over.
  lay(muscle, pose) {
    const found = [];
    muscle.points.forEach((point, p) => {
      if (this.acts(point, pose)) found.push([p, this.locate(point, pose)]);
    });
    for (const {use, on} of muscle.wraps || []) {
      const order = pose.read('wrap_order', use) * pose.steps.order;
      if (!Number.isFinite(order)) continue;
      for (let k = 0; k < this.onArc; k += 1) {
        found.push([order, pose.toGround(on, pose.place('wrap_place', use * this.onArc + k))]);
      }
    }
    return found.sort((a, b) => a[0] - b[0]).map(([, here]) => here);
  }

  update(pose, activation, colour) {
    let tube = 0;
    let knot = 0;
    this.muscles.forEach((muscle, m) => {
      const level = activation(m);
      const t = Number.isFinite(level) ? shade(level) : 0;
      const radius = REST_RADIUS + (FULL_RADIUS - REST_RADIUS) * t;
      const own = colour(t);
      let before = null;
      for (const here of this.lay(muscle, pose)) {
        if (before) {
          this.layTube(tube, before, here, radius);
          this.tubes.setColorAt(tube, own);
          this.owner[tube] = m;
          tube += 1;
        }
        this.layKnot(knot, here, radius);
        this.knots.setColorAt(knot, own);
        knot += 1;
        before = here;
      }
    });
    this.count = tube;
    for (const [mesh, count] of [[this.tubes, tube], [this.knots, knot]]) {
      mesh.count = count;
      mesh.instanceMatrix.needsUpdate = true;
      mesh.instanceColor.needsUpdate = true;
    }
  }

  layTube(i, from, to, radius) {
    this.ends.set(from, 6 * i);
    this.ends.set(to, 6 * i + 3);
    const along = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    const length = Math.hypot(...along) || 1e-9;
    const [x, y, z] = along.map((own) => own / length);
    // two directions across
    let [a, b, c] = Math.abs(y) < 0.9 ? [-z, 0, x] : [0, z, -y];
    const size = Math.hypot(a, b, c);
    [a, b, c] = [a / size, b / size, c / size];
    const matrix = this.tubes.instanceMatrix.array;
    matrix.set([
      radius * a, radius * b, radius * c, 0, ...along, 0,
      radius * (b * z - c * y), radius * (c * x - a * z), radius * (a * y - b * x), 0,
      (from[0] + to[0]) / 2, (from[1] + to[1]) / 2, (from[2] + to[2]) / 2, 1,
    ], 16 * i);
  }

  layKnot(i, at, radius) {
    this.knots.instanceMatrix.array.set([radius, 0, 0, 0, 0, radius, 0, 0, 0, 0, radius, 0, ...at, 1], 16 * i);
  }

  // The muscle nearest to a place on the screen, within some pixels; -1 if there is none.
  nearest(place, toScreen, within) {
    let [best, found] = [within, -1];
    for (let i = 0; i < this.count; i += 1) {
      const from = toScreen(this.ends.subarray(6 * i, 6 * i + 3));
      const to = toScreen(this.ends.subarray(6 * i + 3, 6 * i + 6));
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const t = Math.min(Math.max(((place[0] - from[0]) * dx + (place[1] - from[1]) * dy) / (dx * dx + dy * dy || 1), 0), 1);
      const gap = Math.hypot(place[0] - from[0] - t * dx, place[1] - from[1] - t * dy);
      if (gap < best) [best, found] = [gap, this.owner[i]];
    }
    return found;
  }
}
