# syntax=docker/dockerfile:1
# Three stages: front-end files, Python packages, and the image that runs, without compilers and not as root.

FROM node:22-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM python:3.13-slim-bookworm AS packages
RUN pip install --no-cache-dir uv
COPY requirements/runtime.txt /build/runtime.txt
RUN python -m venv /opt/venv \
    && uv pip install --python /opt/venv/bin/python --require-hashes --no-cache -r /build/runtime.txt

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-cjk fonts-hanazono \
        postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin zhixing \
    && install -d -o zhixing -g zhixing -m 750 /data /data/media \
    && install -d -o zhixing -g zhixing -m 755 /static
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY --from=assets /build/node_modules ./node_modules
COPY manage.py ./
COPY config ./config
COPY roster ./roster
COPY sessions_app ./sessions_app
COPY templates ./templates
COPY static ./static
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 \
    ZHIXING_VAR=/data \
    ZHIXING_STATIC_ROOT=/static
# collectstatic needs settings, but neither database nor broker; these values live in this step only
RUN DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost:6379/0 ZHIXING_HOSTS=build \
    ZHIXING_SECRET_KEY=only-while-the-image-is-built-and-never-in-a-running-system \
    python manage.py collectstatic --no-input --verbosity 0 \
    && chown -R zhixing:zhixing /data /static
USER zhixing
VOLUME ["/data", "/data/media", "/static"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': os.environ['ZHIXING_HOSTS'].split(',')[0]}), timeout=4)"]
CMD ["gunicorn", "config.wsgi", "--preload", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--timeout", "60", "--worker-tmp-dir", "/dev/shm", "--log-level", "warning"]
