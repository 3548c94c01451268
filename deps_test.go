package paymux_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/paymux/paymux"

// mayImport is the map of the house: which room may import which others, the
// root aside, which all may. A pattern ends in /* for any one folder below; "*" is everything.
// ARCHITECTURE.md draws it.
var mayImport = map[string]string{
	".":                      "",
	"queue":                  "internal/*",
	"queue/queuetest":        "queue internal/*",
	"registry":               "internal/*",
	"directory":              "internal/*",
	"directory/directoryrpc": "directory internal/*",
	"routing":                "internal/*",
	"routing/learn":          "routing internal/*",
	"rulebook":               "registry routing routing/learn internal/*",
	"replay":                 "routing internal/* routing/learn",
	"routing/routingtest":    "routing internal/*",
	"channel":                "internal/*",
	"keys":                   "keys/keyuse internal/*",
	"channel/channeltest":    "channel channel/channelrpc internal/*",
	"channel/channelrpc":     "channel internal/*",
	"channel/*/*":            "channel channel/* gateway", // the institution's own program
	"gateway":                "channel channel/channelrpc keys/keyuse keys/keysrpc registry monitor/health monitor/metrics internal/*",
	"rollout":                "channel channel/channelrpc registry internal/*",
	"keys/keyuse":            "internal/*",
	"keys/keysrpc":           "keys/keyuse internal/*",
	"keys/keystest":          "keys keys/keyuse internal/*",
	"access/accessrpc":       "access cashier internal/*",
	"access/accessregions":   "access access/accessrpc cashier relay internal/*",
	"channel/all":            "channel channel/*",
	"channel/*":              "channel internal/*",
	"access":                 "internal/*",
	"payment":                "channel queue routing internal/*",
	"payment/paymentrpc":     "payment internal/*",
	"relay":                  "registry payment/paymentrpc internal/*",
	"notify":                 "queue internal/*",
	"monitor":                "payment queue notify routing registry channel internal/*",
	"monitor/health":         "internal/*",
	"monitor/metrics":        "channel registry internal/*", // gateways' programs link it, so nothing of a node
	"cashier":                "payment routing internal/*",
	"client":                 "internal/*",
	"store":                  "internal/*",
	"store/*":                "access payment queue notify cashier routing registry rulebook monitor directory internal/* store/* replay",
	"store/sealed":           "access payment queue notify keys rulebook monitor directory internal/* replay",
	"internal/*":             "internal/*",
	"cmd/*":                  "*",
	"test":                   "*",
	"test/*":                 "*",
	"bench":                  "*",
	"bench/*":                "*",
}

func TestImports(t *testing.T) {
	// Files are read here, not listed by the go command, so that the test cache
	// sees them and an edit anywhere runs the test again.
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != "." || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		room := path.Dir(file)
		rule, ok := ruleFor(room)
		if !ok {
			t.Errorf("%s has no rule; give it one in mayImport and a line in ARCHITECTURE.md", room)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			imported, ours := strings.CutPrefix(name, module+"/")
			if room == "." && strings.Contains(strings.Split(name, "/")[0], ".") {
				t.Errorf("%s: the root imports the standard library only, not %s", file, name)
			}
			if ours && imported != room && !allowed(rule, imported) {
				t.Errorf("%s: %s may not import %s", file, room, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ruleFor(room string) (rule string, ok bool) {
	if rule, ok = mayImport[room]; ok {
		return rule, true
	}
	if rule, ok = mayImport[path.Dir(room)+"/*"]; ok {
		return rule, true
	}
	rule, ok = mayImport[path.Dir(path.Dir(room))+"/*/*"]
	return rule, ok
}

func allowed(rule, imported string) bool {
	return slices.ContainsFunc(strings.Fields(rule), func(pattern string) bool {
		ok, _ := path.Match(pattern, imported)
		return ok || pattern == "*"
	})
}
