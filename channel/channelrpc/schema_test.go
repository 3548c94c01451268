package channelrpc_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/channel/channelrpc"
)

var update = flag.Bool("update", false, "write docs/channel-contract.schema.json anew")

const schemaFile = "../../docs/channel-contract.schema.json"

// TestSchemaIsOfTheWire holds the published schema to the types that are sent.
func TestSchemaIsOfTheWire(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(channelrpc.Schema(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not of the wire's types; go test ./channel/channelrpc -update writes it anew:\n%s", schemaFile, diff)
	}
}
