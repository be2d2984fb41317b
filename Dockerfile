# The image of Chairside: a virtual environment with the locked dependencies, and nothing that builds it.
# The steps are proved without an engine by scripts/check_image_steps.py, which runs these very lines.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
ARG PREFIX=/opt/chairside
ARG WORK=/build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR ${WORK}

# First what changes seldom: each package with its hashes, wheels only, so that nothing is compiled or run here. Of the
# 600 descriptions of Google's services that the client library brings (100 MB), Gmail's alone is used.
COPY requirements/runtime.lock requirements/build.lock requirements/
RUN python3 -m venv --without-pip "${PREFIX}" \
    && python3 -m pip --python "${PREFIX}" install --no-cache-dir --require-hashes --only-binary :all: \
       --requirement requirements/runtime.lock \
    && find "${PREFIX}" -path '*/googleapiclient/discovery_cache/documents/*.json' ! -name 'gmail.v1.json' -delete

# Chairside itself, by a build tool from its own lock that does not reach the image.
RUN python3 -m venv "${WORK}/tools" \
    && "${WORK}/tools/bin/python" -m pip install --no-cache-dir --require-hashes --only-binary :all: \
       --requirement requirements/build.lock
COPY pyproject.toml LICENSE ./
COPY app app
RUN "${WORK}/tools/bin/python" -m pip wheel --no-cache-dir --no-deps --no-build-isolation --no-index --wheel-dir wheels . \
    && python3 -m pip --python "${PREFIX}" install --no-cache-dir --no-deps --no-index wheels/*.whl
COPY deploy/healthcheck.py deploy/mongo_setup.py ${PREFIX}/deploy/

# The image's disk may be read-only, so Python's caches are written here.
RUN "${PREFIX}/bin/python" -m compileall -q -j 0 "${PREFIX}"


FROM python:${PYTHON_VERSION}-slim
ARG PREFIX=/opt/chairside
RUN groupadd --gid 10001 chairside \
    && useradd --uid 10001 --gid chairside --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin chairside
COPY --from=build ${PREFIX} ${PREFIX}
# Patients' words never go to LangSmith; the other settings come from the environment or /run/secrets.
ENV PATH="${PREFIX}/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CHAIRSIDE_ENV=production \
    LOG_FORMAT=json \
    LANGSMITH_TRACING=false
WORKDIR ${PREFIX}
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "deploy/healthcheck.py", "8000"]
# Of its own, the process ends within 25 s of SIGTERM: give it `docker stop --time 40`.
STOPSIGNAL SIGTERM
CMD ["chairside", "serve", "--host", "0.0.0.0", "--port", "8000"]
