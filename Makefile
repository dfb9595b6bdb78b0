# Aliases only; ./run does the work.
.PHONY: setup demo test test-all check bench clean

setup demo test check bench:
	@./run $@

test-all:
	@./run test --all

clean:
	rm -rf .venv .venv.lock .pytest_cache .mypy_cache .ruff_cache build dist
