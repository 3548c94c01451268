package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z]`)

// TestCatalogue: both languages have every text, with the same verbs in the same order.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	for name, entry := range catalogue {
		for l, text := range entry {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s has no text in language %d", name, l)
			}
		}
		en, zh := verb.FindAllString(entry[english], -1), verb.FindAllString(entry[chinese], -1)
		if !slices.Equal(en, zh) {
			t.Errorf("%s: verbs %v in English, %v in Chinese", name, en, zh)
		}
		if !strings.ContainsFunc(entry[chinese], func(r rune) bool { return r >= 0x4e00 }) {
			t.Errorf("%s is not in Chinese: %q", name, entry[chinese])
		}
	}
}

// TestCatalogueIsUsed: what the code asks for is there, and what is there is asked for.
func TestCatalogueIsUsed(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, verb := range []string{"approve", "receive", "decline", "dispute"} {
		used["sandbox."+verb] = true // payerCommand puts these together
	}
	for _, action := range []string{"promote", "withdraw", "kill", "revive"} {
		used["channel."+action] = true // channelVersionCommand and channelSwitchCommand do
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool { return note(n, used) })
	}
	for name := range channelTestWords() {
		if strings.HasPrefix(name, "channel.part.") {
			used[name] = true // partTitle puts these together, of names that the suite has
		}
	}
	for name := range used {
		if _, ok := catalogue[name]; !ok {
			t.Errorf("the catalogue has no %q", name)
		}
	}
	for name := range catalogue {
		if !used[name] {
			t.Errorf("nobody uses %q", name)
		}
	}
}

func note(n ast.Node, used map[string]bool) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return true
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"text", "textf", "say"}, method.Sel.Name) {
		return true
	}
	if word, ok := call.Args[0].(*ast.BasicLit); ok && word.Kind == token.STRING {
		name, _ := strconv.Unquote(word.Value)
		used[name] = true
	}
	return true
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	cases := []struct {
		args []string
		env  map[string]string
		want lang
	}{
		{nil, nil, english},
		{nil, map[string]string{"LANG": "zh_CN.UTF-8"}, chinese},
		{nil, map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, english},
		{nil, map[string]string{"LANG": "de_DE.UTF-8"}, english},
		{nil, map[string]string{"LANG": "C", "PAYMUX_LANG": "zh"}, chinese},
		{[]string{"pay", "--lang", "zh-CN"}, nil, chinese},
		{[]string{"--lang=en", "pay"}, map[string]string{"LANG": "zh_CN"}, english},
		{[]string{"pay", "--lang"}, nil, english},
	}
	for _, c := range cases {
		if got := chooseLang(c.args, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v %v: language %d, want %d", c.args, c.env, got, c.want)
		}
	}
}
