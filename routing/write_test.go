package routing_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/paymux/paymux/routing"
)

func TestWhatIsWrittenIsReadAsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawDocument(t)
		if faults := routing.Check(s); len(faults) > 0 {
			t.Fatal(faults)
		}
		text, err := routing.Write(s)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		indented, _ := json.MarshalIndent(s, "", "\t")
		for _, document := range [][]byte{text, plain, indented} {
			read, err := routing.Parse(document)
			if err != nil {
				t.Fatalf("%v\n%s", err, document)
			}
			if diff := cmp.Diff(s, read, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s\n%s", diff, document)
			}
			if routing.Fingerprint(s) != routing.Fingerprint(read) {
				t.Fatalf("read again, it has another fingerprint:\n%s", document)
			}
		}
		if _, err := routing.Compile(s); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFingerprintIsOfTheRulesAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDocument(t), drawDocument(t)
		same := cmp.Equal(a, b, cmpopts.EquateEmpty())
		if (routing.Fingerprint(a) == routing.Fingerprint(b)) != same {
			t.Fatalf("the same rules: %v\n%+v\n%+v", same, a, b)
		}
	})
	a := &routing.RuleSet{Name: "a", Version: 1, Fallback: routing.Fallback{All: true}}
	b := &routing.RuleSet{Name: "a", Version: 2, Fallback: routing.Fallback{All: true}, Static: []routing.StaticRule{}}
	if routing.Fingerprint(a) != routing.Fingerprint(b) {
		t.Error("the version is part of it")
	}
	// Nodes of different releases compare theirs: it stays what it was.
	if got, want := routing.Fingerprint(a), "5ff9a4e733c48579d81d656fc70d441b11544a2bd9acaa1470b0345e7e9975b3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
