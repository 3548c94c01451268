package deploy_test

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"go.yaml.in/yaml/v3"
)

// chart renders the chart as Helm does, as far as its templates ask for that. TestHelmRendersTheSame compares it with Helm.
type chart struct {
	t         *testing.T
	templates *template.Template
	files     []string // names of templates that are objects
	values    object
	about     object // Chart.yaml
}

const chartDir = "helm/paymux"

func openChart(t *testing.T) *chart {
	t.Helper()
	c := &chart{t: t, templates: template.New("chart")}
	c.templates.Option("missingkey=zero").Funcs(sprig.TxtFuncMap()).Funcs(c.functions())
	files, err := filepath.Glob(chartDir + "/templates/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if _, err := c.templates.New(name).Parse(read(t, file)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, "_") && filepath.Ext(name) == ".yaml" {
			c.files = append(c.files, name)
		}
	}
	c.values = documents(t, "values.yaml", read(t, chartDir+"/values.yaml"))[0]
	about := documents(t, "Chart.yaml", read(t, chartDir+"/Chart.yaml"))[0]
	c.about = object{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]}
	return c
}

// functions are those that Helm has beside sprig's.
func (c *chart) functions() template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var b bytes.Buffer
			err := c.templates.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
		"toYaml": func(v any) (string, error) {
			b, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(b), "\n"), err
		},
		"fromYaml": func(in string) (object, error) {
			var o object
			err := yaml.Unmarshal([]byte(in), &o)
			return o, err
		},
	}
}

// over lays b over a, key by key.
func over(a, b object) object {
	a = maps.Clone(a)
	for key, value := range b {
		inner, ok := value.(object)
		if under, both := a[key].(object); ok && both {
			value = over(under, inner)
		}
		a[key] = value
	}
	return a
}

// render makes the objects of a release.
func (c *chart) render(namespace string, values object) (all []object) {
	c.t.Helper()
	data := object{
		"Values": over(c.values, values), "Chart": c.about,
		"Release": object{"Name": "paymux", "Namespace": namespace, "Service": "Helm"},
	}
	for _, file := range c.files {
		var b bytes.Buffer
		if err := c.templates.ExecuteTemplate(&b, file, data); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, documents(c.t, file, b.String())...)
	}
	return all
}

// release is one site as it would be installed.
type release struct {
	site    string
	witness bool
	values  object
	objects []object
}

func (r release) String() string { return r.site }

// has reports whether there is an object, as Kind/name.
func (r release) has(id string) bool {
	return slices.ContainsFunc(r.objects, func(o object) bool { return text(o["kind"])+"/"+text(at(o, "metadata", "name")) == id })
}

// more are values that turn on what is off by default.
var more = object{
	"frontend":       object{"standbyGroup": "door-east", "ingress": object{"enabled": true, "className": "nginx"}, "service": object{"type": "LoadBalancer", "annotations": object{"a": "b"}}},
	"postgresql":     object{"enabled": true, "storageClass": "fast"},
	"nats":           object{"gatewayService": object{"enabled": true}, "storageClass": "fast"},
	"keys":           object{"storageClass": "fast"},
	"networkPolicy":  object{"monitorFrom": []any{object{"namespaceSelector": object{}}}, "storeTo": []any{object{"ipBlock": object{"cidr": "10.0.0.0/8"}}}, "frontendFrom": []any{object{"namespaceSelector": object{}}}},
	"config":         object{"log": object{"level": "warn"}},
	"trace":          object{"endpoint": "http://collector.observability:4318", "headers": "paymux-trace"},
	"podMonitor":     object{"enabled": true, "labels": object{"release": "prometheus"}},
	"node":           object{"rated": 2000, "config": object{"notify": object{"keep": "200h"}}},
	"podAnnotations": object{"a": "b"}, "nodeSelector": object{"a": "b"}, "priorityClassName": "high",
	"imagePullSecrets": []any{object{"name": "registry"}}, "tolerations": []any{object{"operator": "Exists"}},
}

// releases are the three sites of a deployment, and one with everything turned on.
func releases(t *testing.T) (all []release) {
	t.Helper()
	c := openChart(t)
	add := func(values object) {
		site := text(over(c.values, values)["site"])
		all = append(all, release{site, values["witness"] == true, values, c.render("paymux-"+site, values)})
	}
	add(nil)
	for _, name := range []string{"east", "west", "witness"} {
		file := fmt.Sprintf("helm/values-%s.yaml", name)
		add(documents(t, file, read(t, file))[0])
	}
	add(over(documents(t, "east", read(t, "helm/values-east.yaml"))[0], more))
	return all
}
