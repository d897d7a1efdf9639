package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// BranchName is the branch that shows the solutions.
const BranchName = "solutions"

// Branch makes the branch solutions of the instructor's clone: the reference
// solutions of the commit that is checked out, and the licence. Nothing is
// checked out, and nothing is pushed. A branch that holds the same already stays
// as it is; else the new commit follows its last one.
func (r *Release) Branch(ctx context.Context) (commit string, err error) {
	dir, err := os.MkdirTemp("", "wirelab-branch-*")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRelease, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	when, err := r.git(ctx, "log", "-1", "--format=%cI", "HEAD")
	if err != nil {
		return "", err
	}
	env := []string{
		"GIT_INDEX_FILE=" + filepath.Join(dir, "index"),
		"GIT_AUTHOR_NAME=wirelab", "GIT_AUTHOR_EMAIL=wirelab@localhost", "GIT_AUTHOR_DATE=" + when,
		"GIT_COMMITTER_NAME=wirelab", "GIT_COMMITTER_EMAIL=wirelab@localhost", "GIT_COMMITTER_DATE=" + when,
	}
	plumb := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.Kit}, args...)...) //nolint:gosec // the kit's own folder
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("%w: git %s: %w", ErrRelease, args[0], because(err))
		}
		return strings.TrimSpace(string(out)), nil
	}
	licence, err := plumb("rev-parse", "HEAD:LICENSE")
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"read-tree", "--empty"}, {"read-tree", "--prefix=solutions/", "HEAD:solutions"},
		{"update-index", "--add", "--cacheinfo", "100644," + licence + ",LICENSE"},
	} {
		if _, err := plumb(args...); err != nil {
			return "", err
		}
	}
	tree, err := plumb("write-tree")
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree, "-m", "The reference solutions"}
	if last, err := plumb("rev-parse", "--verify", "--quiet", "refs/heads/"+BranchName); err == nil {
		if had, err := plumb("rev-parse", last+"^{tree}"); err == nil && had == tree {
			return last, nil
		}
		args = append(args, "-p", last)
	}
	if commit, err = plumb(args...); err != nil {
		return "", err
	}
	_, err = plumb("update-ref", "refs/heads/"+BranchName, commit)
	return commit, err
}
