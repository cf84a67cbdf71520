// Package sim plays a workload to scheduler/engine on a simulated platform, in
// virtual time.
//
// The engine and its policy are the very ones that a scheduler runs: the
// simulator decides nothing. It is their shell (see the contract of package
// engine): it makes events of what happens on the platform and carries out the
// actions. A node is that of internal/nodemodel. Calls between services take no
// time. docs/simulator.md has the platform's formulas and what the figures mean.
//
// The same Config gives the same history, on every processor architecture. What
// happens at one instant happens in this order: what ends on nodes (the node
// reserved first is first), the platform's own appointments in the order in which
// they were made, the engine's timers, arrivals.
//
// The engine gets no Stats. Those are to find calls and containers of which the
// engine knows too much or too little, and here every message arrives.
package sim
