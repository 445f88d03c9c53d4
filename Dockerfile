# One image for web, worker, scheduler and migrations; docker-compose.yml says who runs what.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DJANGO_SETTINGS_MODULE=o2c.settings \
    PORTAL_HOME=/srv/portal \
    STATIC_MANIFEST=1

# What the PDF library draws text with.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --user-group --no-create-home --home-dir /srv/portal --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /srv/portal /srv/portal/files

WORKDIR /app

# Packages change less often than code: their layer comes first.
COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes -r requirements/run.txt

COPY . .
# The address is not used: collecting files and compiling texts only reads the settings.
RUN pip install --no-build-isolation --no-deps -e . \
    && pybabel compile -d locale -D django \
    && DATABASE_URL=postgres://none@localhost/none SECRET_KEY=unused python manage.py collectstatic --noinput -v0

USER portal
EXPOSE 8000
CMD ["gunicorn", "o2c.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "120", "--no-control-socket"]
