# docker build -t paybot .
# docker run --read-only --tmpfs /tmp -v paybot:/var/lib/paybot --cap-drop ALL --env-file paybot.env -p 3000:3000 paybot
# Written to are /tmp (matplotlib's font cache, made anew in a second) and the volume with the database, which must survive.
# A paybot.toml is read from /etc/paybot.
ARG PYTHON=3.13.9-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/ requirements/
# all.txt holds bot.txt and what builds a wheel; from here on nothing comes from the network.
RUN pip wheel --require-hashes --only-binary :all: --wheel-dir /wheels -r requirements/all.txt
COPY pyproject.toml README.md ./
COPY charts/ charts/
COPY commands/ commands/
COPY bot/ bot/
COPY sandbox/ sandbox/
RUN python -m venv /build \
 && /build/bin/pip install --no-index --find-links /wheels --require-hashes -r requirements/all.txt \
 && /build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /paybot .
# pip compiles to bytecode what it installs; without pip of its own the environment holds only the bot.
RUN python -m venv --without-pip /opt/paybot \
 && pip --python /opt/paybot/bin/python install --no-index --find-links /wheels --require-hashes -r requirements/bot.txt \
 && pip --python /opt/paybot/bin/python install --no-index --no-deps /paybot/*.whl \
 && /opt/paybot/bin/paybot --version

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="paybot" \
      org.opencontainers.image.description="The payments dashboard, answered in Slack"
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin paybot \
 && install -d -o paybot -g paybot -m 700 /var/lib/paybot
COPY --from=build /opt/paybot /opt/paybot
ENV PATH=/opt/paybot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    DATABASE_URL=sqlite:////var/lib/paybot/paybot.db
VOLUME /var/lib/paybot
WORKDIR /etc/paybot
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PAYBOT_BIND', ':3000').rpartition(':')[2]), timeout=2); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["paybot"]
CMD ["serve"]
