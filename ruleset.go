package paymux

import "time"

// RuleSetVersion is a version of a deployment's routing rules as it came into force (C8). It never changes:
// whoever goes back to an older one makes a new version of what that said.
type RuleSetVersion struct {
	Version     int64     `json:"version" doc:"1 and up, one more with each activation; 0: nothing was ever activated" example:"7"`
	Name        string    `json:"name,omitempty" doc:"of the rule set, as its document says" example:"default"`
	Fingerprint string    `json:"fingerprint,omitempty" doc:"of what the document says, however that is written" example:"5f2c1b7e9a604d3c"`
	Document    string    `json:"document,omitempty" doc:"YAML or JSON, as it was written; lists leave it out"`
	From        string    `json:"from,omitempty" doc:"what was activated: a draft or a version, and which" example:"draft spring"`
	Who         string    `json:"who,omitempty" doc:"who brought it into force" example:"operator"`
	Why         string    `json:"why,omitempty" example:"the new acquirer opens"`
	At          time.Time `json:"at,omitzero" doc:"when it came into force"`
}

// RuleSetDraft is a rule set that is being written. Nothing is routed by it before an operator activates it.
type RuleSetDraft struct {
	Name        string           `json:"name" doc:"of the draft" example:"spring"`
	Fingerprint string           `json:"fingerprint" doc:"of what the document says, however that is written" example:"5f2c1b7e9a604d3c"`
	Document    string           `json:"document,omitempty" doc:"YAML or JSON, as it was written; lists leave it out"`
	Who         string           `json:"who" doc:"who wrote it last" example:"operator"`
	Why         string           `json:"why,omitempty" example:"the new acquirer opens"`
	At          time.Time        `json:"at" doc:"when"`
	Findings    []RuleSetFinding `json:"findings,omitempty" doc:"what is doubtful about it; what is wrong is not kept"`
}

// RuleSetFinding is what a look at a rule set has found: an error keeps it out, a warning does not.
type RuleSetFinding struct {
	Severity FindingSeverity `json:"severity" doc:"error: it cannot come into force; warning: it can, and may not do what was meant"`
	Code     string          `json:"code,omitempty" doc:"what kind of finding it is, for programs" example:"unreachable"`
	Path     string          `json:"path,omitempty" doc:"where in the rule set" example:"static[2].when.amounts"`
	Line     int             `json:"line,omitempty" doc:"of the document, from 1" example:"17"`
	Message  string          `json:"message" example:"is never reached: rule large before it matches everything it does."`
	Remedy   string          `json:"remedy,omitempty" doc:"what to do" example:"Move it before that rule, or remove it."`
}

// FindingSeverity is how bad a finding is.
type FindingSeverity string

const (
	FindingError   FindingSeverity = "error"
	FindingWarning FindingSeverity = "warning"
)

// RuleSetReport is all that was found.
type RuleSetReport struct {
	Fine        bool             `json:"fine" doc:"whether it could come into force: there are no errors"`
	Name        string           `json:"name,omitempty" doc:"of the rule set, as its document says" example:"default"`
	Fingerprint string           `json:"fingerprint,omitempty" doc:"of what the document says; none where it cannot be read"`
	Findings    []RuleSetFinding `json:"findings"`
}

// RuleSetState is what became of the version that a node was to route by.
type RuleSetState string

const (
	RuleSetLoaded  RuleSetState = "loaded"
	RuleSetRefused RuleSetState = "refused" // it routes by the last good one
	RuleSetUnknown RuleSetState = "unknown" // it has not said
)

// RuleSetNode is what a node says it routes by.
type RuleSetNode struct {
	ID          string       `json:"id" doc:"of the process" example:"node-1-4c2f9a"`
	Region      string       `json:"region,omitempty" doc:"name of its region" example:"east"`
	Version     int64        `json:"version" doc:"it routes by; 0: by what its configuration says" example:"7"`
	Fingerprint string       `json:"fingerprint,omitempty"`
	State       RuleSetState `json:"state" doc:"of the newest version: loaded; refused, and the last good one stays; unknown: it has not said"`
	Refused     int64        `json:"refused,omitempty" doc:"the version that it refused; 0 where what was refused has none" example:"8"`
	Error       string       `json:"error,omitempty" doc:"why"`
	At          time.Time    `json:"at,omitzero" doc:"since when"`
}

// RuleSetStatus is what a deployment routes by.
type RuleSetStatus struct {
	Active     RuleSetVersion `json:"active" doc:"the version in force at the node that answers, with its document"`
	Source     RuleSetSource  `json:"source" doc:"where that node has it from"`
	Nodes      []RuleSetNode  `json:"nodes" doc:"every node that is there"`
	StaleSince time.Time      `json:"stale_since,omitzero" doc:"since when the registry is away, so that others may know of a newer version"`
}

// RuleSetSource is where a node has its rules from.
type RuleSetSource string

const (
	RulesActivated  RuleSetSource = "active" // an operator activated them
	RulesConfigured RuleSetSource = "file"   // routing.file in paymux.yaml
	RulesNone       RuleSetSource = "none"   // there are none: all accounts in their configured order
)

// RuleSetActivation is an operator's word that a draft is to come into force, or a version again.
type RuleSetActivation struct {
	Draft   string // one of both
	Version int64
	Who     string
	Why     string
}

// RuleSetActivated is what an activation came to.
type RuleSetActivated struct {
	Active     RuleSetVersion `json:"active" doc:"the version in force"`
	Changed    bool           `json:"changed" doc:"false: it was in force already, and nothing was done"`
	Everywhere bool           `json:"everywhere" doc:"whether every node that is there says that it routes by it"`
	Nodes      []RuleSetNode  `json:"nodes" doc:"what each node says"`
}
