"""`python -m engine.cli`, where there is no `teller` on the path."""

from engine.cli import main

if __name__ == "__main__":  # not once more in a worker, which loads this file by another name
    main()
