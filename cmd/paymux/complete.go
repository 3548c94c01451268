package main

import "github.com/spf13/cobra"

// complete offers a flag's values to the shell.
func complete[T ~string](cmd *cobra.Command, flag string, values []T) {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	// The only error is a flag that does not exist or was completed before: a test runs every command's completion.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
