package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: c.text("config.short")}
	var file string
	cmd.PersistentFlags().StringVarP(&file, "config", "c", "", c.text("config.file"))
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: c.text("config.check"), Args: exactly(0),
			RunE: func(*cobra.Command, []string) error { return c.configCheck(file) },
		},
		&cobra.Command{
			Use: "print", Short: c.text("config.print"), Args: exactly(0),
			RunE: func(*cobra.Command, []string) error { return c.configPrint(file) },
		},
		&cobra.Command{
			Use: "docs", Short: c.text("config.docs"), Args: exactly(0),
			RunE: func(*cobra.Command, []string) error { c.configDocs(); return nil },
		},
	)
	return cmd
}

// configCheck reads the configuration as serve would, secrets and accounts included.
func (c *cli) configCheck(file string) error {
	conf, _, err := loadConfig(file, c.env)
	if err == nil {
		err = checkSecrets(&conf, c.env)
	}
	if err == nil {
		err = checkDrivers(&conf, c.env)
	}
	if err == nil {
		_, err = conf.Routing.read()
	}
	if err != nil {
		return &usageError{err}
	}
	c.say("config.ok")
	return nil
}

// checkSecrets reports every secret that cannot be read.
func checkSecrets(conf *Config, env func(string) string) error {
	var faults []error
	for _, k := range settings(conf) {
		if ref, ok := k.value.Interface().(Ref); ok && (ref.Key() == "" || k.name != "access.jwe_key") {
			if _, err := ref.Read(env); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", k.name, err))
			}
		}
	}
	return errors.Join(faults...)
}

// configPrint shows every value in force and where it came from. Secrets redact themselves.
func (c *cli) configPrint(file string) error {
	conf, from, err := loadConfig(file, c.env)
	if err != nil {
		return &usageError{err}
	}
	type line struct {
		Key    string `json:"key"`
		Value  any    `json:"value"`
		Origin string `json:"origin"`
	}
	var lines []line
	for _, k := range settings(&conf) {
		origin := from[k.name]
		if origin == "" {
			origin = "default"
		}
		lines = append(lines, line{k.name, k.value.Interface(), origin})
	}
	return c.show(lines, func() {
		for _, l := range lines {
			fmt.Fprintf(c.out, "%-26s %-40s %s\n", l.Key, oneLine(l.Value), c.paint(faint, "# "+l.Origin))
		}
	})
}

// oneLine is a value as YAML in one line.
func oneLine(v any) string {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	flow(&n)
	text, err := yaml.Marshal(&n)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(string(text))
}

func flow(n *yaml.Node) {
	n.Style = yaml.FlowStyle
	for _, inner := range n.Content {
		flow(inner)
	}
}

// configDocs writes a complete paymux.yaml with every key, its help and its default.
func (c *cli) configDocs() {
	fmt.Fprintln(c.out, "# paymux.yaml: every key, with its default. Each can be set by the variable named beside it.")
	conf := defaults()
	c.docs(reflect.ValueOf(conf), "", "")
}

func (c *cli) docs(v reflect.Value, prefix, indent string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("yaml")
		full := join(prefix, name)
		if f.Type.Kind() == reflect.Struct {
			fmt.Fprintf(c.out, "%s%s:\n", indent, name)
			c.docs(v.Field(i), full, indent+"  ")
			continue
		}
		fmt.Fprintf(c.out, "%s# %s (%s)\n", indent, f.Tag.Get("help"), envName(full))
		fmt.Fprintf(c.out, "%s%s: %s\n", indent, name, oneLine(v.Field(i).Interface()))
		if f.Type == reflect.TypeFor[[]AccountConfig]() {
			c.accountDocs(indent)
		}
	}
}

// accountDocs shows one account as a comment: there is none by default.
func (c *cli) accountDocs(indent string) {
	for f := range reflect.TypeFor[AccountConfig]().Fields() {
		mark := "#   "
		if f.Tag.Get("yaml") == "name" {
			mark = "# - "
		}
		fmt.Fprintf(c.out, "%s%s%s:  # %s\n", indent, mark, f.Tag.Get("yaml"), f.Tag.Get("help"))
	}
}
