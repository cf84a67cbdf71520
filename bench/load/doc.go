// Package load puts a scheduler under load that asks nothing of functions: pairs
// of AcquireContainer and ReturnContainer. What is measured is the control plane
// alone. docs/load.md defines the figures.
package load
