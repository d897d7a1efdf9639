// Package report renders a [check.Report] for people and for programs. It
// reads that one value and nothing else: no files, no environment, no clock.
//
// Reports hold text that learners' programs wrote, so everything that is
// printed passes through one place that makes control characters harmless.
package report
