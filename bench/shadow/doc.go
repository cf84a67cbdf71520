// Package shadow runs other scheduling policies on the calls of a scheduler at
// work, and reports what they would have cost.
//
// The scheduler's events are tapped. What is known of a call when it ends (when it
// came, how long its container was held, CPU, memory) makes it a call of a
// simulation (bench/sim), one for each policy; what creations and reservations
// took is what they take there. The calls are played in the order in which they
// came, so that the simulations are behind the live platform by the longest call
// under way. The live policy is simulated too, as the control: how far it is from
// the live figures says how far the others can be trusted.
//
// docs/shadow.md says what is measured and what the simulations cannot know.
package shadow
