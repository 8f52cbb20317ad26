"""What acts on a body besides its muscles, one module an element: contact, passive tissue, the extensor mechanism."""
