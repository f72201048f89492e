// Compiled only to have CAF's precompiled header, which other targets reuse.
