package paymux

import "time"

// RuleSetVersion is a version of a deployment's routing rules as it came into force (C8). It never changes:
// whoever goes back to an older one makes a new version of what that said.
type RuleSetVersion struct {
	Version     int64     `json:"version" doc:"1 and up, one more with each activation" example:"7"`
	Name        string    `json:"name,omitempty" doc:"of the rule set, as its document says" example:"default"`
	Fingerprint string    `json:"fingerprint" doc:"of what the document says, however that is written" example:"5f2c1b7e9a604d3c"`
	Document    string    `json:"document,omitempty" doc:"YAML or JSON, as it was written; lists leave it out"`
	From        string    `json:"from" doc:"what was activated: draft or version, and which" example:"draft spring"`
	Who         string    `json:"who" doc:"who brought it into force" example:"operator"`
	Why         string    `json:"why" example:"the new acquirer opens"`
	At          time.Time `json:"at" doc:"when it came into force"`
}
