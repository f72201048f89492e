// Compiled only for the precompiled header of its target, which others reuse.
