// What the page needs of three.js. CONTRIBUTING.md says how it is bundled into three.bundle.js.
export {
  BufferGeometry, Color, CylinderGeometry, DirectionalLight, Float32BufferAttribute, Group,
  HemisphereLight, InstancedMesh, LineBasicMaterial, LineLoop, Matrix4, Mesh, MeshBasicMaterial,
  MeshLambertMaterial, PerspectiveCamera, PlaneGeometry, Quaternion, Scene, ShaderMaterial, SphereGeometry, TorusGeometry,
  Vector3, WebGLRenderer,
} from 'three';
export {OrbitControls} from 'three/examples/jsm/controls/OrbitControls.js';
