"""The batch: stances in, result arrays out, by one fused kernel."""
