#pragma once

/// @returns whether a node could be spawned. It is gone again.
bool run_node();
