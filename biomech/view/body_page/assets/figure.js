// The figure: skin lofted through rings, bones as capsules. Shapes are made once, in the axes of their segments.

const AROUND = 32;
const BETWEEN = 4;

// Rings between the given ones (Catmull-Rom), so that the outline is smooth.
const smoothRings = (rings) => {
  const at = (i) => rings[Math.min(Math.max(i, 0), rings.length - 1)];
  const found = [];
  for (let i = 0; i < rings.length - 1; i += 1) {
    for (let step = 0; step < BETWEEN; step += 1) {
      const t = step / BETWEEN;
      found.push(at(i).map((own, k) => {
        const [a, b, c, d] = [at(i - 1)[k], own, at(i + 1)[k], at(i + 2)[k]];
        return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
      }));
    }
  }
  found.push(rings[rings.length - 1]);
  return [...capRings(found[0], found[1]).reverse(), ...found, ...capRings(found[found.length - 1], found[found.length - 2])];
};

// Rings that close an end roundly.
const capRings = (end, before) => {
  const reach = Math.sign(end[0] - before[0]) * 0.45 * Math.min(end[3], end[4]);
  return [0.35, 0.7, 0.92, 1].map((t) => {
    const width = Math.sqrt(1 - t * t);
    return [end[0] + reach * t, end[1], end[2], end[3] * width, end[4] * width];
  });
};

const loft = ({axis, rings}) => {
  const all = smoothRings(rings);
  const places = [];
  for (const [along, one, other, thick, wide] of all) {
    for (let k = 0; k < AROUND; k += 1) {
      const angle = (2 * Math.PI * k) / AROUND;
      const [a, b] = [one + thick * Math.cos(angle), other + wide * Math.sin(angle)];
      places.push(...(axis === 'y' ? [a, along, b] : [along, a, b]));
    }
  }
  const upward = all[all.length - 1][0] > all[0][0];
  const outward = upward === (axis === 'y');
  const triangles = [];
  for (let i = 0; i < all.length - 1; i += 1) {
    for (let k = 0; k < AROUND; k += 1) {
      const [a, b] = [i * AROUND + k, i * AROUND + ((k + 1) % AROUND)];
      const [c, d] = [a + AROUND, b + AROUND];
      triangles.push(...(outward ? [a, c, b, b, c, d] : [a, b, c, b, d, c]));
    }
  }
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute('position', new THREE.Float32BufferAttribute(places, 3));
  geometry.setIndex(triangles);
  geometry.computeVertexNormals();
  return geometry;
};

// Skin: a veil that thickens towards its outline, so that muscles show through it; stripes where the posture is no answer.
const makeSkin = () => new THREE.ShaderMaterial({
  transparent: true,
  depthWrite: false,
  uniforms: {colour: {value: new THREE.Color()}, warning: {value: new THREE.Color()}, stripes: {value: 0}, dense: {value: 1}},
  vertexShader: `
    varying vec3 facing; varying vec3 sight;
    void main() {
      vec4 seen = modelViewMatrix * vec4(position, 1.0);
      facing = normalMatrix * normal; sight = -seen.xyz;
      gl_Position = projectionMatrix * seen;
    }`,
  fragmentShader: `
    uniform vec3 colour; uniform vec3 warning; uniform float stripes; uniform float dense;
    varying vec3 facing; varying vec3 sight;
    void main() {
      vec3 out_of = normalize(facing);
      float rim = 1.0 - abs(dot(out_of, normalize(sight)));
      float veil = dense * (0.22 + 0.66 * pow(rim, 2.0));
      vec3 lit = colour * (0.80 + 0.28 * out_of.y + 0.10 * out_of.x);
      float stripe = step(0.62, fract((gl_FragCoord.x + gl_FragCoord.y) / 15.0)) * stripes;
      gl_FragColor = vec4(mix(lit, warning, stripe), max(veil, 0.62 * stripe));
      #include <colorspace_fragment>
    }`,
});

// What lies behind the nearest skin is not drawn over it.
const makeSkinDepth = () => new THREE.MeshBasicMaterial({
  transparent: true, colorWrite: false, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1,
});

const skinMesh = (geometry, skin, depth) => {
  const group = new THREE.Group();
  for (const [material, order] of [[depth, 1], [skin, 2]]) {
    const mesh = new THREE.Mesh(geometry, material);
    mesh.renderOrder = order;
    group.add(mesh);
  }
  return group;
};

const UP = new THREE.Vector3(0, 1, 0);

// Lay something that stands on its middle along y between two places.
const layBetween = (mesh, from, to, radius) => {
  const along = to.clone().sub(from);
  const length = along.length();
  mesh.visible = length > 1e-6;
  if (!mesh.visible) return;
  mesh.position.copy(from).addScaledVector(along, 0.5);
  mesh.quaternion.setFromUnitVectors(UP, along.divideScalar(length));
  mesh.scale.set(radius, length, radius);
};

// Upper arm, forearm and hand from a shoulder towards where the hand is; the elbow points backward.
class Arm {
  constructor(lengths, skin, depth) {
    this.lengths = lengths;
    const profiles = [
      [[0.56, 0, 0, 0.030, 0.026], [0.5, 0, 0, 0.046, 0.040], [0.36, 0, 0, 0.054, 0.047], [0.15, 0, 0, 0.047, 0.043], [-0.15, 0, 0, 0.043, 0.040], [-0.5, 0, 0, 0.036, 0.036]],
      [[0.5, 0, 0, 0.037, 0.037], [0.25, 0, 0, 0.040, 0.037], [-0.2, 0, 0, 0.030, 0.028], [-0.5, 0, 0, 0.025, 0.021]],
      [[0.5, 0, 0, 0.024, 0.018], [0.15, 0, 0, 0.038, 0.017], [-0.2, 0, 0, 0.034, 0.015], [-0.5, 0, 0, 0.016, 0.010]],
    ];
    this.group = new THREE.Group();
    this.parts = lengths.map((length, i) => {
      const rings = profiles[i].map(([s, ...rest]) => [s * length, ...rest]);
      const part = skinMesh(loft({axis: 'y', rings}), skin, depth);
      this.group.add(part);
      return part;
    });
  }

  place(shoulder, goal, back) {
    const [upper, fore, hand] = this.lengths;
    const way = goal.clone().sub(shoulder);
    const reach = Math.min(way.length(), 0.998 * (upper + fore));
    way.normalize();
    const bend = back.clone().addScaledVector(way, -back.dot(way)).normalize();
    const along = (upper * upper - fore * fore + reach * reach) / (2 * reach);
    const elbow = shoulder.clone().addScaledVector(way, along)
      .addScaledVector(bend, Math.sqrt(Math.max(upper * upper - along * along, 0)));
    const wrist = shoulder.clone().addScaledVector(way, reach);
    const pointing = wrist.clone().sub(elbow).normalize();
    [[shoulder, elbow], [elbow, wrist], [wrist, wrist.clone().addScaledVector(pointing, hand)]].forEach(([from, to], i) => {
      const part = this.parts[i];
      part.position.copy(from).lerp(to, 0.5);
      part.quaternion.setFromUnitVectors(UP, from.clone().sub(to).normalize());
    });
  }
}
